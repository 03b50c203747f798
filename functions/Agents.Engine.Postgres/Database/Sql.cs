using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Agents.Engine.Postgres.Database;

/// <summary>
/// SQL lives in files, one statement each; here they are found by name. The files say "agents." for the schema and
/// @name for values; both are put in their final form once: the store's own schema, and $n in the order of first use.
/// </summary>
internal sealed partial class Sql(string schema)
{
    const string Prefix = "Agents.Engine.Postgres.";

    readonly ConcurrentDictionary<string, string> _texts = new(StringComparer.Ordinal);

    public string Schema => schema;

    public string Load(string name) => _texts.GetOrAdd(name, n => Numbered(InSchema(Read($"Statements.{n}.sql"))));

    /// <summary>Numbered migrations in order: number and text.</summary>
    public IEnumerable<(int Number, string Text)> Migrations()
    {
        const string Folder = $"{Prefix}Migrations.";
        return typeof(Sql).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..])
            .Order(StringComparer.Ordinal)
            .Select(file => (int.Parse(file.AsSpan(0, 4), CultureInfo.InvariantCulture), InSchema(Read($"Migrations.{file}"))));
    }

    public string InSchema(string text) => SchemaName().Replace(text, $"\"{schema}\".");

    static string Numbered(string text)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        return ValueName().Replace(text, match =>
        {
            if (!numbers.TryGetValue(match.Value, out var number))
            {
                numbers.Add(match.Value, number = numbers.Count + 1);
            }

            return string.Create(CultureInfo.InvariantCulture, $"${number}");
        });
    }

    static string Read(string file)
    {
        using var stream = typeof(Sql).Assembly.GetManifestResourceStream($"{Prefix}{file}")
            ?? throw new InvalidOperationException($"no embedded SQL '{file}'");
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n');
        return string.Join('\n', lines.SkipWhile(line => line.StartsWith("--", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\bagents\.")]
    private static partial Regex SchemaName();

    [GeneratedRegex("@[a-z_]+")]
    private static partial Regex ValueName();
}
