using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Chat;

/// <summary>Kimi K2's special tokens, as numbers of one vocabulary.</summary>
public sealed record K2Marks
{
    public const string SystemName = "<|im_system|>";
    public const string UserName = "<|im_user|>";
    public const string AssistantName = "<|im_assistant|>";
    public const string MiddleName = "<|im_middle|>";
    public const string EndName = "<|im_end|>";
    public const string SectionBeginName = "<|tool_calls_section_begin|>";
    public const string SectionEndName = "<|tool_calls_section_end|>";
    public const string CallBeginName = "<|tool_call_begin|>";
    public const string ArgumentBeginName = "<|tool_call_argument_begin|>";
    public const string CallEndName = "<|tool_call_end|>";
    public const string ThinkName = "<think>";
    public const string ThinkEndName = "</think>";

    public required int End { get; init; }
    public required int SectionBegin { get; init; }
    public required int SectionEnd { get; init; }
    public required int CallBegin { get; init; }
    public required int ArgumentBegin { get; init; }
    public required int CallEnd { get; init; }

    /// <summary>Null for a K2 that does not think.</summary>
    public required int? ThinkEnd { get; init; }

    /// <summary>The marks of a vocabulary; null where one of them is missing, because it is another model's.</summary>
    public static K2Marks? Of(IVocabulary vocabulary)
    {
        string[] needed =
        [
            SystemName, UserName, AssistantName, MiddleName, EndName, SectionBeginName, SectionEndName, CallBeginName,
            ArgumentBeginName, CallEndName,
        ];
        if (needed.Any(n => vocabulary.Special(n) is null))
        {
            return null;
        }

        int Number(string name) => vocabulary.Special(name)!.Value;
        return new K2Marks
        {
            End = Number(EndName), SectionBegin = Number(SectionBeginName), SectionEnd = Number(SectionEndName),
            CallBegin = Number(CallBeginName), ArgumentBegin = Number(ArgumentBeginName), CallEnd = Number(CallEndName),
            ThinkEnd = vocabulary.Special(ThinkName) is null ? null : vocabulary.Special(ThinkEndName),
        };
    }
}
