using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Engine.History;

/// <summary>Reads ExecutionStarted, the one event with a life story, and the beginnings of turns.</summary>
internal static class StartedReader
{
    public static ExecutionStarted Read(ProtoReader reader)
    {
        var e = new ExecutionStarted { Name = "", InstanceId = "", ExecutionId = "" };
        SortedDictionary<string, string>? tags = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 4:
                    var (instanceId, executionId) = Instance(reader.Message);
                    e = e with { InstanceId = instanceId, ExecutionId = executionId };
                    break;
                case 9:
                    EventReader.Tag(ref tags, reader.Message);
                    break;
                default:
                    e = Field(e, ref reader);
                    break;
            }
        }

        return tags is null ? e : e with { Tags = tags };
    }

    static ExecutionStarted Field(ExecutionStarted e, ref ProtoReader reader) => reader.Field switch
    {
        1 => e with { Name = reader.Text },
        2 => e with { Version = reader.Wrapped },
        3 => e with { Input = reader.Wrapped },
        5 => e with { Parent = Parent(reader.Message) },
        6 => e with { ScheduledStart = EventReader.Time(reader.Message) },
        7 => e with { Trace = EventReader.Trace(reader.Message) },
        Fields.Generation => e with { Generation = reader.Int32 },
        Fields.IdentitySeed => e with { IdentitySeed = reader.Wrapped },
        _ => e,
    };

    public static OrchestratorStarted Turn(ProtoReader reader)
    {
        OrchestrationSpan? span = null;
        while (reader.Next())
        {
            span = reader.Field == Fields.Span ? Span(reader.Message) : span;
        }

        return new OrchestratorStarted { Span = span };
    }

    static OrchestrationSpan Span(ProtoReader reader)
    {
        var span = new OrchestrationSpan("", null);
        while (reader.Next())
        {
            span = reader.Field switch
            {
                1 => span with { SpanId = reader.Wrapped },
                2 => span with { StartedAt = EventReader.Time(reader.Message) },
                _ => span,
            };
        }

        return span;
    }

    static ParentInstance Parent(ProtoReader reader)
    {
        var parent = new ParentInstance("", "", 0);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    parent = parent with { TaskScheduledId = reader.Int32 };
                    break;
                case 2:
                    parent = parent with { Name = reader.Wrapped };
                    break;
                case 3:
                    parent = parent with { Version = reader.Wrapped };
                    break;
                case 4:
                    var (instanceId, executionId) = Instance(reader.Message);
                    parent = parent with { InstanceId = instanceId, ExecutionId = executionId };
                    break;
            }
        }

        return parent;
    }

    static (string InstanceId, string ExecutionId) Instance(ProtoReader reader)
    {
        var (instanceId, executionId) = ("", "");
        while (reader.Next())
        {
            (instanceId, executionId) = reader.Field switch
            {
                1 => (reader.Text, executionId),
                2 => (instanceId, reader.Wrapped),
                _ => (instanceId, executionId),
            };
        }

        return (instanceId, executionId);
    }
}
