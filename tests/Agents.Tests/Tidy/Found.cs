using Xunit;

namespace Agents.Tests.Tidy;

/// <summary>Fails with everything that was found, not with the first forty characters of it.</summary>
static class Found
{
    public static void Nothing(IEnumerable<string> found)
    {
        var all = found.ToList();
        Assert.True(all.Count == 0, string.Join(Environment.NewLine, all));
    }
}
