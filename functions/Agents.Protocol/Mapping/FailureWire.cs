using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Nouns = Agents.Contracts.Instances;

namespace Agents.Protocol.Mapping;

/// <summary>Failure details, inner ones included.</summary>
public static class FailureWire
{
    /// <summary>Deeper inner failures than this are cut off: nobody reads them, and recursion has a bound.</summary>
    public const int DepthMax = 32;

    static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default);
    static readonly JsonParser s_parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static TaskFailureDetails? ToWire(Nouns.FailureDetails? failure)
    {
        if (failure is null)
        {
            return null;
        }

        var wire = new TaskFailureDetails
        {
            ErrorType = failure.ErrorType, ErrorMessage = failure.ErrorMessage, StackTrace = failure.StackTrace,
            InnerFailure = ToWire(failure.InnerFailure), IsNonRetriable = failure.IsNonRetriable,
        };
        if (failure.Properties is { } properties)
        {
            wire.Properties.Add(s_parser.Parse<Struct>(properties).Fields);
        }

        return wire;
    }

    public static Nouns.FailureDetails? FromWire(TaskFailureDetails? wire) => FromWire(wire, DepthMax);

    static Nouns.FailureDetails? FromWire(TaskFailureDetails? wire, int depth)
    {
        if (wire is null || depth == 0)
        {
            return null;
        }

        string? properties = null;
        if (wire.Properties.Count > 0)
        {
            var all = new Struct();
            all.Fields.Add(wire.Properties);
            properties = s_formatter.Format(all);
        }

        return new Nouns.FailureDetails(
            wire.ErrorType, wire.ErrorMessage, wire.StackTrace, FromWire(wire.InnerFailure, depth - 1), wire.IsNonRetriable)
        {
            Properties = properties,
        };
    }
}
