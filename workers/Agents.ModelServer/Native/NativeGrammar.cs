using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Native;

/// <summary>A GBNF grammar over a vocabulary, and how far a text has come in it. Used by one thread at a time.</summary>
public sealed unsafe class NativeGrammar : IGrammar
{
    readonly NativeVocabulary _vocabulary;
    nint _sampler;

    /// <summary>Throws <see cref="ArgumentException"/> when the library cannot read the grammar.</summary>
    public NativeGrammar(NativeVocabulary vocabulary, string grammar)
    {
        ModelLibrary.TakeWarnings();
        _vocabulary = vocabulary;
        _sampler = Llama.llama_sampler_init_grammar(vocabulary.Handle, grammar, "root");
        if (_sampler == 0)
        {
            throw new ArgumentException($"the grammar cannot be read: {ModelLibrary.TakeWarnings()}", nameof(grammar));
        }
    }

    public bool MayEnd => _vocabulary.EndToken < 0 || Allows(_vocabulary.EndToken);

    public bool Allows(int token)
    {
        var candidate = new Candidate { Token = token, Logit = 1 };
        var list = new CandidateList { Items = &candidate, Count = 1, Selected = -1 };
        Llama.llama_sampler_apply(_sampler, &list);
        return !float.IsNegativeInfinity(candidate.Logit);
    }

    public void Filter(Span<int> tokens, Span<bool> allowed)
    {
        var candidates = new Candidate[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            candidates[i] = new Candidate { Token = tokens[i], Logit = 1 };
        }

        fixed (Candidate* items = candidates)
        {
            var list = new CandidateList { Items = items, Count = (nuint)candidates.Length, Selected = -1 };
            Llama.llama_sampler_apply(_sampler, &list);
        }

        for (var i = 0; i < tokens.Length; i++)
        {
            allowed[i] = !float.IsNegativeInfinity(candidates[i].Logit);
        }
    }

    public void Accept(int token)
    {
        // The library ends the process over a token that its grammar does not allow.
        if (!_vocabulary.IsText(token) || !Allows(token))
        {
            throw new InvalidOperationException($"the grammar does not allow token {token}");
        }

        Llama.llama_sampler_accept(_sampler, token);
    }

    public void Dispose()
    {
        if (_sampler != 0)
        {
            Llama.llama_sampler_free(_sampler);
            _sampler = 0;
        }
    }
}
