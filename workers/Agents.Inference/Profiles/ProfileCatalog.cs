using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Contracts;
using Agents.Contracts.Runs;

namespace Agents.Inference.Profiles;

/// <summary>
/// The models a person can name: the files that ship with the program, and the user's own folder, whose files replace
/// shipped ones of the same name. One file is one profile, in the JSON form of <see cref="ModelProfile"/>.
/// </summary>
public sealed class ProfileCatalog
{
    const string ResourceFolder = "Profiles/";
    const int FilesMax = 1000;
    const int FileBytesMax = 256 << 10;

    // A misspelt property in a profile would silently mean its default: refuse it instead.
    static readonly ContractsJson s_strict = new(new JsonSerializerOptions(ContractsJson.Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    });

    readonly SortedDictionary<string, ModelProfile> _profiles = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>All profiles by name.</summary>
    public IReadOnlyCollection<ModelProfile> All => _profiles.Values;

    /// <summary>
    /// Loads shipped profiles and those of <paramref name="userFolder"/> (null or absent: none). Throws
    /// <see cref="ProfileException"/> naming every faulty file at once.
    /// </summary>
    public static ProfileCatalog Load(string? userFolder = null)
    {
        var catalog = new ProfileCatalog();
        var problems = new List<string>();
        foreach (var (where, text) in Shipped().Concat(FilesOf(userFolder, problems)))
        {
            catalog.Add(where, text, problems);
        }

        return problems.Count == 0 ? catalog : throw new ProfileException(problems);
    }

    /// <summary>
    /// The profile of that name; the part behind the slash is enough where it is unique. Otherwise the names that come
    /// close, best first.
    /// </summary>
    public ProfileMatch Find(string name)
    {
        if (_profiles.TryGetValue(name, out var exact))
        {
            return new ProfileMatch(exact, []);
        }

        var bySuffix = _profiles.Values.Where(p => p.Name.EndsWith("/" + name, StringComparison.OrdinalIgnoreCase)).ToList();
        return bySuffix.Count switch
        {
            1 => new ProfileMatch(bySuffix[0], []),
            > 1 => new ProfileMatch(null, [.. bySuffix.Select(p => p.Name)]),
            _ => new ProfileMatch(null, NearNames.Of(name, _profiles.Keys)),
        };
    }

    /// <summary>A profile for any OpenAI-compatible address and model id that no file describes.</summary>
    public static ModelProfile AtAddress(string model, string baseUrl, string? apiKeyEnv) => new()
    {
        Name = model,
        Model = model,
        BaseUrl = baseUrl,
        ApiKeyEnv = apiKeyEnv,
        Note = "named on the command line; window and prices are not known",
    };

    void Add(string where, string text, List<string> problems)
    {
        try
        {
            var profile = JsonSerializer.Deserialize(text, s_strict.ModelProfile)
                ?? throw new JsonException("the file holds null");
            var found = ProfileCheck.Problems(profile).Select(p => $"AG4017: {where}: {p}").ToList();
            problems.AddRange(found);
            if (found.Count == 0)
            {
                _profiles[profile.Name] = profile;
            }
        }
        catch (JsonException e)
        {
            problems.Add($"AG4017: {where}: {e.Message}");
        }
    }

    static IEnumerable<(string Where, string Text)> Shipped()
    {
        var assembly = typeof(ProfileCatalog).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourceFolder, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return ($"shipped profile {name[ResourceFolder.Length..]}", reader.ReadToEnd());
        }
    }

    static List<(string Where, string Text)> FilesOf(string? folder, List<string> problems)
    {
        var files = new List<(string, string)>();
        if (folder is null || !Directory.Exists(folder))
        {
            return files;
        }

        foreach (var path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Take(FilesMax))
        {
            try
            {
                if (new FileInfo(path).Length > FileBytesMax)
                {
                    problems.Add($"AG4017: {path}: larger than {FileBytesMax} bytes, so not a profile");
                    continue;
                }

                files.Add((path, File.ReadAllText(path)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"AG4017: {path}: cannot be read: {e.Message}");
            }
        }

        return files;
    }
}

/// <summary>The outcome of a look-up by name.</summary>
public sealed record ProfileMatch(ModelProfile? Profile, IReadOnlyList<string> Suggestions)
{
    /// <summary>What to tell the person who asked for <paramref name="name"/>.</summary>
    public string Refusal(string name) => $"AG4018: there is no model '{name}'"
        + (Suggestions.Count == 0 ? ". " : $"; did you mean {string.Join(", ", Suggestions)}? ")
        + "For another server give --base-url and the model id it knows";
}

/// <summary>Profile files that cannot be used, one sentence each.</summary>
public sealed class ProfileException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
