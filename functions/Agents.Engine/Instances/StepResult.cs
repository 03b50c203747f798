namespace Agents.Engine.Instances;

/// <summary>How a step left the instance.</summary>
internal abstract record StepResult
{
    /// <summary>Still owned and hot.</summary>
    public sealed record Goes : StepResult
    {
        public static readonly Goes On = new();
    }

    /// <summary>Finished, released or given up.</summary>
    public sealed record Over : StepResult
    {
        public static readonly Over Done = new();
    }

    /// <summary>Released with something to do: another node goes on with it.</summary>
    public sealed record HandedOn : StepResult
    {
        public static readonly HandedOn Now = new();
    }

    /// <summary>A new generation began: load it.</summary>
    public sealed record Renewed : StepResult
    {
        public static readonly Renewed Execution = new();
    }

    public sealed record Fenced : StepResult
    {
        public static readonly Fenced Out = new();
    }

    public sealed record Parks(string Reason) : StepResult;
}
