using System.Security.Cryptography;
using System.Text;

namespace Agents.Tools.Catalogue;

/// <summary>Names that every model provider accepts: 1 to 64 characters of [A-Za-z0-9_-].</summary>
static class ToolNames
{
    const int CharactersMax = 64;
    const int HashDigits = 8;

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= CharactersMax && name.All(IsAllowed);

    /// <summary>"server__tool"; where letters had to be changed or cut, a hash of the true name keeps it unique.</summary>
    public static string ForServerTool(string server, string tool)
    {
        var wanted = $"{server}__{tool}";
        if (IsValid(wanted))
        {
            return wanted;
        }

        var mapped = new string([.. wanted.Select(c => IsAllowed(c) ? c : '_')]);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..HashDigits];
        var room = CharactersMax - HashDigits - 1;
        return $"{(mapped.Length > room ? mapped[..room] : mapped)}_{hash}";
    }

    static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
