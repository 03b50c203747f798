using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;

namespace Agents.Engine.Postgres;

/// <summary>Failure details in a column: the bytes of the event that carries them, so that nothing is lost on the way.</summary>
internal static class FailureText
{
    public static byte[] Write(FailureDetails failure) =>
        HistoryCodec.EncodeOne(new TaskFailed { TaskScheduledId = 0, Failure = failure });

    public static FailureDetails Read(byte[] bytes) => ((TaskFailed)HistoryCodec.DecodeOne(bytes)).Failure;
}
