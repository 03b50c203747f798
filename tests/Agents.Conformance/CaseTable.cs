using System.Text.RegularExpressions;

namespace Agents.Conformance;

/// <summary>The first column of a table in one of this project's pages: names of cases.</summary>
static partial class CaseTable
{
    public static HashSet<string> Read(string page) => [.. Row().Matches(File.ReadAllText(Path.Combine(Checkout.Project, page)))
        .Select(match => match.Groups[1].Value).Where(name => name != "case")];

    [GeneratedRegex(@"(?m)^\| ([^|-][^|]*?) \|")]
    private static partial Regex Row();
}
