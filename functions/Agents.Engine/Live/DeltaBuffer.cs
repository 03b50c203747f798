using System.Text;
using Agents.Contracts.Work;

namespace Agents.Engine.Live;

/// <summary>
/// Gathers the text of one attempt into coarse rows: one is due when 64 tokens and a second have passed since the last,
/// whichever comes later. Text that no row took arrives with the message itself.
/// </summary>
/// <param name="takenBack">An attempt of the same number showed text before that was taken back.</param>
internal sealed class DeltaBuffer(EngineOptions options, TimeProvider clock, bool takenBack = false)
{
    readonly Lock _gate = new();
    readonly List<(string Kind, StringBuilder Text)> _pieces = [];
    readonly Dictionary<string, int> _starts = [];
    long _last = clock.GetTimestamp();
    int _tokens;
    bool _gave;
    bool _flushAsked;

    /// <summary>Rows of this attempt have been committed.</summary>
    public bool HasRows { get; set; }

    /// <summary>Rows of this attempt were taken back: they are no part of its message and keep their text.</summary>
    public bool HasRetracted { get; private set; } = takenBack;

    /// <summary>Adds text; true when a row is due and was not yet asked for.</summary>
    public bool Add(StreamDelta delta)
    {
        lock (_gate)
        {
            if (delta.Kind == StreamDelta.Retract && !_gave)
            {
                // Nobody saw any of it.
                _pieces.Clear();
                return false;
            }

            if (_pieces.Count > 0 && _pieces[^1].Kind == delta.Kind)
            {
                _pieces[^1].Text.Append(delta.Text);
            }
            else
            {
                _pieces.Add((delta.Kind, new StringBuilder(delta.Text)));
            }

            _tokens += delta.Tokens;
            var due = !_flushAsked && (delta.Kind is StreamDelta.Retract or StreamDelta.Waiting
                || (_tokens >= options.DeltaTokens && clock.GetElapsedTime(_last) >= options.DeltaEvery));
            _flushAsked |= due;
            return due;
        }
    }

    /// <summary>
    /// The attempt has ended: text that was taken back after it had been shown must still be taken back in front of the
    /// message, and so must all that was shown when another attempt is to be made. Whatever else has gathered comes with
    /// the message itself.
    /// </summary>
    public bool TakeRetraction(bool another)
    {
        lock (_gate)
        {
            var pending = _pieces.Exists(p => p.Kind == StreamDelta.Retract) || (another && _gave);
            _pieces.Clear();
            HasRetracted |= pending;
            return pending;
        }
    }

    /// <summary>Takes what has gathered: kind, first character, text; empty when nothing has.</summary>
    public IReadOnlyList<(string Kind, int Start, string Text)> Take()
    {
        lock (_gate)
        {
            var rows = new List<(string, int, string)>(_pieces.Count);
            _gave |= _pieces.Count > 0;
            foreach (var (kind, text) in _pieces)
            {
                if (kind == StreamDelta.Retract)
                {
                    // What follows counts from the start again.
                    _starts.Clear();
                    HasRetracted = true;
                    rows.Add((kind, 0, ""));
                    continue;
                }

                var start = _starts.GetValueOrDefault(kind);
                _starts[kind] = start + text.Length;
                rows.Add((kind, start, text.ToString()));
            }

            _pieces.Clear();
            _tokens = 0;
            _flushAsked = false;
            _last = clock.GetTimestamp();
            return rows;
        }
    }
}
