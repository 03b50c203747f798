using System.Net;
using System.Net.Sockets;

namespace Agents.Tools.Http;

/// <summary>
/// Where HTTP may go: "example.org", "*.example.org" (any depth below), each with ":port" where it is not the scheme's
/// own. An address inside a private network is reached only where the entry itself is that address or "localhost": a
/// public name that resolves inward is refused.
/// </summary>
sealed class AllowList(IReadOnlyList<string> entries)
{
    /// <summary>Null when allowed; else words for the model.</summary>
    public string? Refuse(Uri address)
    {
        if (address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
        {
            return $"'{address}' is no plain http or https address";
        }

        return entries.Any(e => Matches(e, address)) ? null
            : $"host '{Shown(address)}' is not on the allow list of this run ({Listed})";
    }

    /// <summary>Whether the allowed host may be reached at an address its name resolved to.</summary>
    public bool MayConnect(string host, IPAddress address) =>
        !IsInward(address) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _);

    string Listed => entries.Count == 0 ? "which is empty" : string.Join(", ", entries);

    static string Shown(Uri address) => address.IsDefaultPort ? address.Host : $"{address.Host}:{address.Port}";

    static bool Matches(string entry, Uri address)
    {
        var (host, port) = Split(entry);
        if (port is null ? !address.IsDefaultPort : port != address.Port)
        {
            return false;
        }

        return host.StartsWith("*.", StringComparison.Ordinal)
            ? address.Host.EndsWith(host[1..], StringComparison.OrdinalIgnoreCase) && address.Host.Length >= host.Length
            : address.Host.Trim('[', ']').Equals(host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
    }

    static (string Host, int? Port) Split(string entry)
    {
        var colon = entry.LastIndexOf(':');
        // Colons before the last one belong to an IPv6 address, which has a port only behind its brackets.
        var isPort = colon > 0 && (entry[colon - 1] == ']' || entry.IndexOf(':', StringComparison.Ordinal) == colon);
        return isPort && int.TryParse(entry.AsSpan(colon + 1), out var port)
            ? (entry[..colon], port)
            : (entry, null);
    }

    static bool IsInward(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            return true;
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.IsIPv6Multicast;
        }

        var bytes = address.GetAddressBytes();
        return bytes[0] is 0 or 10 or 127 or >= 224
            || (bytes[0] == 100 && bytes[1] is >= 64 and < 128)
            || (bytes[0] == 169 && bytes[1] == 254)
            || (bytes[0] == 172 && bytes[1] is >= 16 and < 32)
            || (bytes[0] == 192 && bytes[1] == 168)
            || (bytes[0] == 198 && bytes[1] is 18 or 19);
    }
}
