namespace Agents.Engine.Grpc.Work;

internal enum WorkKind
{
    Orchestration = 0,
    Activity = 1,
}

internal enum ItemState
{
    Waiting = 0,

    /// <summary>With a worker, under a token.</summary>
    Taken = 1,

    /// <summary>Answered, withdrawn or dropped.</summary>
    Over = 2,
}
