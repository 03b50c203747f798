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

    public static byte[] Bytes { get; } = Encoding.UTF8.GetBytes(
        "\"errorType\":\"errorMessage\":\"isNonRetriable\":true,\"System.InvalidOperationException"
        + "\"description\":\"parameters\":{\"type\":\"object\",\"properties\":{\"required\":[\"type\":\"string\"},\"type\":\"integer\"}"
        + "https://http://www..md.json.cs.txt.html# ## ### - * `](/docs/README.md\\n\\n\\n- \\\"\\t"
        + "\"path\":\"\",\"offset\":0,\"limit\":\"text\":\"\",\"query\":\"\",\"url\":\"https://\",\"key\":\"\",\"line\":\"\",\"items\":["
        + "\"status\":\"ok\",\"found\":true,\"bytes\":\"matches\":[\"kind\":\"\",\"name\":\"\",\"note\":\"\",\"total\":"
        + " the of and to in is that for with as on are be this from or by not it an at which have has was will can "
        + "The next step is to check I will now read the file and then record what it says. "
        + "{\"reasoning\":\"\",\"content\":\"\",\"toolCalls\":[{\"index\":0,\"id\":\"call_0\",\"name\":\"functions.\","
        + "\"arguments\":\"{\\\"path\\\":\\\"\\\",\\\"text\\\":\\\"\\\"}\"}],\"finish\":\"ToolCalls\",\"finish\":\"Stop\","
        + "\"usage\":{\"inMiss\":0,\"inHit\":0,\"inWrite\":0,\"out\":0,\"reasoning\":0},\"model\":\"scripted\","
        + "\"promptDigest\":\"\",\"costUsd\":0.0,\"durationMs\":0,\"firstTokenMs\":0}"
        + "{\"content\":\"\",\"isError\":false,\"isBadCall\":false,\"artifact\":\"\",\"artifactBytes\":0,\"durationMs\":0}"
        + "CallModelRunTool"
        + Envelope1);

    /// <summary>Shape of a commit: OrchestratorStarted and a result (event id -1, a Timestamp), then what is scheduled next.</summary>
    const string Envelope1 = "\u0008\u0012\u000c\u0008\u0010\u0072\u0000\u003a\u0012\u0032\u000aCallModel\u001a\u000aRunTool\u001a\u000a";
}
