using System.Text;

namespace Agents.Engine.History;

/// <summary>
/// What rows have in common: text that zstd may point back to instead of storing it. Rows name the dictionary they were
/// packed with, so this text never changes once released; a better one gets the next number and stands beside it.
/// The most frequent text comes last, where pointing at it is cheapest.
/// </summary>
internal static class EnvelopeDictionary
{
    public const byte Current = 1;

    static readonly byte[] s_minusOne = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];

    public static byte[] Bytes { get; } = [.. Encoding.UTF8.GetBytes(Words + Json), .. Shape];

    const string Words =
        "https://http://www..md.json.cs.txt.html# ## ### - * `](/docs/README.md\\n\\n\\n- \\\"\\t"
        + " which these there their about would could should other after first before between where while because "
        + "file path line number result value type name list text key error message found missing read write checked "
        + " the of and to in is that for with as on are be this from or by not it an at have has was will can but all "
        + " so I need to look at the next step is to check I will now read the file and then record what it says. ";

    const string Json =
        "{\"errorType\":\"\",\"errorMessage\":\"\",\"isNonRetriable\":true,\"System.InvalidOperationException"
        + "\"status\":\"ok\",\"found\":true,\"bytes\":\"matches\":[\"kind\":\"\",\"note\":\"\",\"total\":"
        + "{\\\"path\\\":\\\"\\\",\\\"offset\\\":0,\\\"limit\\\":\\\"text\\\":\\\"\\\",\\\"query\\\":\\\"\\\",\\\"url\\\":\\\"https://"
        + "\\\"key\\\":\\\"\\\",\\\"line\\\":\\\"reference\\\":\\\"\\\",\\\"items\\\":[],\\\"id\\\":\\\""
        + "\"artifact\":\"\",\"artifactBytes\":"
        + "{\"reasoning\":\"\",\"content\":\"\",\"toolCalls\":[{\"index\":1,\"id\":\"call_1\",\"name\":\"read_file\","
        + "\"finish\":\"Stop\",\"usage\":{\"inMiss\":0,\"model\":\"scripted\",\"costUsd\":0.0,\"firstTokenMs\":"
        + "{\"content\":\"\",\"toolCalls\":[{\"index\":0,\"id\":\"call_0\",\"name\":\"worklist_next\",\"arguments\":\"{\\\""
        + "\\\"}\"}],\"finish\":\"ToolCalls\",\"usage\":{\"inMiss\":1024,\"inHit\":0,\"inWrite\":0,\"out\":256,\"reasoning\":0},"
        + "\"promptDigest\":\"\",\"durationMs\":0}"
        + "{\"content\":\"\",\"isError\":false,\"isBadCall\":false,\"durationMs\":0}";

    /// <summary>
    /// A commit: OrchestratorStarted and a result (event id -1, a Timestamp, the result of a task), then what is scheduled
    /// next, with its version, its input and the letters of its tool.
    /// </summary>
    static byte[] Shape =>
    [
        .. "2\u001a\n\tCallModel\u0012\u0003\n\u00011\u001a\u001a\n\u0018{\"v\":1,\"p\":1,\"n\":1,\"a\":[]}"u8,
        .. "2e\n\aRunTool\u0012\u0003\n\u00011\u001a\u0016\n\u0014{\"v\":1,\"m\":1,\"i\":0}"u8,
        .. "\u001b\b"u8, .. s_minusOne, .. "\u0012\f\b"u8,
        .. "\u0000r\u0000\u001b\b"u8, .. s_minusOne, .. "\u0012\f\b"u8,
        .. ":\b\u0001\u0012\n{\"content\":\""u8,
    ];
}
