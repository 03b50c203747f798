namespace Agents.ModelServer.Generation;

/// <summary>A token that was drawn, with the logarithms of its probability and of those likeliest beside it, if asked for.</summary>
public sealed record Pick(int Token, double Logprob, IReadOnlyList<(int Token, double Logprob)> Top);

/// <summary>Draws tokens. One a thread: it keeps its working memory.</summary>
public sealed class Sampler(IVocabulary vocabulary)
{
    const float Never = float.NegativeInfinity;

    /// <summary>A token less likely than the likeliest by this factor's logarithm is never drawn in practice.</summary>
    const double NegligibleLog = -30;

    readonly float[] _logits = new float[vocabulary.Count];
    readonly int[] _tokens = new int[vocabulary.Count];
    readonly double[] _shares = new double[vocabulary.Count];
    readonly bool[] _allowed = new bool[vocabulary.Count];
    readonly int[] _marks = [.. Enumerable.Range(0, vocabulary.Count).Where(t => !vocabulary.IsText(t))];

    /// <summary>
    /// Draws a token that <paramref name="choice"/> allows. Throws <see cref="InvalidOperationException"/> when it allows
    /// none. For a ruled choice <paramref name="utf8"/> says where the text stands; it is not changed.
    /// </summary>
    public Pick Choose(
        ReadOnlySpan<float> logits, Choice choice, SamplingOptions options, IReadOnlyDictionary<int, int> said, Chance chance, Utf8State utf8)
    {
        var token = choice switch
        {
            Choice.OneOf { Tokens: [var only] } => only,
            Choice.OneOf one => DrawOneOf(logits, one, options, said, chance),
            Choice.Text text => DrawText(logits, text.Marks, options, said, chance),
            Choice.Ruled ruled => DrawRuled(logits, ruled, options, said, chance, utf8),
            _ => throw new ArgumentOutOfRangeException(nameof(choice)),
        };
        return options.LogprobsTop < 0 ? new Pick(token, 0, []) : Report(logits, token, options.LogprobsTop);
    }

    int DrawOneOf(ReadOnlySpan<float> logits, Choice.OneOf one, SamplingOptions options, IReadOnlyDictionary<int, int> said, Chance chance)
    {
        _logits.AsSpan().Fill(Never);
        foreach (var token in one.Tokens)
        {
            _logits[token] = Finite(logits[token]);
        }

        return Draw(Adjusted(options, said), chance);
    }

    int DrawText(ReadOnlySpan<float> logits, IReadOnlyList<int> marks, SamplingOptions options, IReadOnlyDictionary<int, int> said, Chance chance)
    {
        Load(logits, marks);
        return Draw(Adjusted(options, said), chance);
    }

    // Most tokens a model wants are allowed: only when one is not are all the others looked at. Drawing once from all and
    // again from the allowed gives every allowed token the share it has among the allowed.
    int DrawRuled(
        ReadOnlySpan<float> logits, Choice.Ruled ruled, SamplingOptions options, IReadOnlyDictionary<int, int> said, Chance chance, Utf8State utf8)
    {
        var mayExit = utf8.IsWhole && ruled.Grammar.MayEnd;
        Load(logits, [ruled.Exit, .. ruled.Marks]);
        Adjusted(options, said);
        if (!mayExit)
        {
            _logits[ruled.Exit] = Never;
        }

        var first = Draw(options, chance);
        if (!vocabulary.IsText(first) || (IsUtf8(first, utf8) && ruled.Grammar.Allows(first)))
        {
            return first;
        }

        var count = 0;
        for (var token = 0; token < _logits.Length; token++)
        {
            if (_logits[token] == Never || !vocabulary.IsText(token))
            {
                continue;
            }

            if (IsUtf8(token, utf8))
            {
                _tokens[count++] = token;
            }
            else
            {
                _logits[token] = Never;
            }
        }

        ruled.Grammar.Filter(_tokens.AsSpan(0, count), _allowed.AsSpan(0, count));
        for (var i = 0; i < count; i++)
        {
            if (!_allowed[i])
            {
                _logits[_tokens[i]] = Never;
            }
        }

        return Draw(options, chance);
    }

    bool IsUtf8(int token, Utf8State utf8) => utf8.Take(vocabulary.Bytes(token));

    void Load(ReadOnlySpan<float> logits, IReadOnlyList<int> marks)
    {
        logits.CopyTo(_logits);
        foreach (var mark in _marks)
        {
            _logits[mark] = Never;
        }

        foreach (var mark in marks)
        {
            _logits[mark] = Finite(logits[mark]);
        }
    }

    static float Finite(float logit) => float.IsNaN(logit) || logit == Never ? float.MinValue : logit;

    SamplingOptions Adjusted(SamplingOptions options, IReadOnlyDictionary<int, int> said)
    {
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            foreach (var (token, times) in said)
            {
                _logits[token] -= (float)(options.PresencePenalty + (options.FrequencyPenalty * times));
            }
        }

        foreach (var (token, bias) in options.Bias ?? new Dictionary<int, double>())
        {
            _logits[token] += (float)bias;
        }

        return options;
    }

    int Draw(SamplingOptions options, Chance chance)
    {
        var best = 0;
        for (var token = 1; token < _logits.Length; token++)
        {
            best = _logits[token] > _logits[best] ? token : best;
        }

        if (_logits[best] == Never || float.IsNaN(_logits[best]))
        {
            throw new InvalidOperationException("no token is allowed here");
        }

        if (options.Temperature <= 0)
        {
            return best;
        }

        var (count, sum) = Shares(_logits[best], options);
        if (options.TopK > 0 || options.TopP < 1)
        {
            (count, sum) = Likeliest(count, sum, options);
        }

        var at = chance.NextUnit() * sum;
        for (var i = 0; i < count; i++)
        {
            at -= _shares[i];
            if (at < 0)
            {
                return _tokens[i];
            }
        }

        return _tokens[count - 1];
    }

    (int Count, double Sum) Shares(float most, SamplingOptions options)
    {
        var least = options.MinP > 0 ? Math.Max(NegligibleLog, Math.Log(options.MinP)) : NegligibleLog;
        var (count, sum, inverse) = (0, 0.0, 1 / options.Temperature);
        for (var token = 0; token < _logits.Length; token++)
        {
            var below = (_logits[token] - most) * inverse;
            if (below >= least)
            {
                _tokens[count] = token;
                _shares[count] = Math.Exp(below);
                sum += _shares[count++];
            }
        }

        return (count, sum);
    }

    (int Count, double Sum) Likeliest(int count, double all, SamplingOptions options)
    {
        Array.Sort(_shares, _tokens, 0, count);
        Array.Reverse(_shares, 0, count);
        Array.Reverse(_tokens, 0, count);
        count = options.TopK > 0 ? Math.Min(count, options.TopK) : count;
        var (kept, sum) = (0, 0.0);
        while (kept < count && (kept == 0 || sum < options.TopP * all))
        {
            sum += _shares[kept++];
        }

        return (kept, sum);
    }

    Pick Report(ReadOnlySpan<float> logits, int token, int top)
    {
        var most = logits[0];
        foreach (var logit in logits)
        {
            most = Math.Max(most, logit);
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - most);
        }

        var log = most + Math.Log(sum);
        var best = new PriorityQueue<int, float>();
        for (var i = 0; i < logits.Length && top > 0; i++)
        {
            if (best.Count < top)
            {
                best.Enqueue(i, logits[i]);
            }
            else if (best.TryPeek(out _, out var least) && logits[i] > least)
            {
                best.EnqueueDequeue(i, logits[i]);
            }
        }

        var list = new List<(int, double)>();
        while (best.TryDequeue(out var other, out var logit))
        {
            list.Insert(0, (other, logit - log));
        }

        return new Pick(token, logits[token] - log, list);
    }
}
