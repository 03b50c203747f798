using Agents.Engine.Work;

namespace Agents.Engine.Effects;

/// <summary>
/// Names of attempts. One that another process may run says so, to later owners too: that its owner is dead does not prove
/// that it can no longer act.
/// </summary>
internal static class AttemptTokens
{
    const char Elsewhere = 'w'; // no hexadecimal digit

    public static string New(NodeServices node) =>
        node.Options.AttemptsRunElsewhere ? $"{Elsewhere}{node.NewToken()}" : node.NewToken();

    public static bool IsElsewhere(string token) => token.StartsWith(Elsewhere);
}
