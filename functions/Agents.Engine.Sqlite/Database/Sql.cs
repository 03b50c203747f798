using System.Collections.Concurrent;

namespace Agents.Engine.Sqlite.Database;

/// <summary>SQL lives in files, one statement each; here they are found by name.</summary>
internal static class Sql
{
    static readonly ConcurrentDictionary<string, string> s_texts = new(StringComparer.Ordinal);

    public static string Load(string name) => s_texts.GetOrAdd(name, static n => Read($"Statements.{n}.sql"));

    /// <summary>Numbered migrations in order: number and text.</summary>
    public static IEnumerable<(int Number, string Text)> Migrations()
    {
        const string Folder = "Agents.Engine.Sqlite.Migrations.";
        return typeof(Sql).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..])
            .Order(StringComparer.Ordinal)
            .Select(file => (int.Parse(file.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), Read($"Migrations.{file}")));
    }

    static string Read(string file)
    {
        using var stream = typeof(Sql).Assembly.GetManifestResourceStream($"Agents.Engine.Sqlite.{file}")
            ?? throw new InvalidOperationException($"no embedded SQL '{file}'");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
