using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Native;

/// <summary>The vocabulary of a loaded model, its pieces read once.</summary>
public sealed unsafe class NativeVocabulary : IVocabulary
{
    const int UnknownBit = 1 << 0;
    const int UnusedBit = 1 << 1;
    const int ControlBit = 1 << 3;
    const int TextTokensMax = 16 << 20;

    readonly byte[] _bytes;
    readonly int[] _ends;
    readonly bool[] _isText;
    readonly bool[] _isEnd;
    readonly Dictionary<string, int> _specials = new(StringComparer.Ordinal);

    internal NativeVocabulary(nint handle)
    {
        Handle = handle;
        Count = Llama.llama_vocab_n_tokens(handle);
        _ends = new int[Count];
        _isText = new bool[Count];
        _isEnd = new bool[Count];
        using var bytes = new MemoryStream();
        for (var token = 0; token < Count; token++)
        {
            var attributes = Llama.llama_vocab_get_attr(handle, token);
            var name = ModelLibrary.Text(Llama.llama_vocab_get_text(handle, token));
            _isEnd[token] = Llama.llama_vocab_is_eog(handle, token) != 0;
            var special = (attributes & (UnknownBit | UnusedBit | ControlBit)) != 0 || _isEnd[token] || IsMark(name);
            if (special)
            {
                _specials.TryAdd(name, token);
            }
            else
            {
                bytes.Write(Piece(token));
            }

            _ends[token] = (int)bytes.Length;
            _isText[token] = !special && _ends[token] > Start(token);
        }

        _bytes = bytes.ToArray();
        EndToken = Array.IndexOf(_isEnd, true);
        BeginToken = Llama.llama_vocab_get_add_bos(handle) != 0 ? Llama.llama_vocab_bos(handle) : null;
    }

    public int Count { get; }

    /// <summary>Stands in front of every plain text the model was trained on; null for none.</summary>
    public int? BeginToken { get; }

    internal nint Handle { get; }

    /// <summary>A token that ends a reply, or -1.</summary>
    internal int EndToken { get; }

    public ReadOnlySpan<byte> Bytes(int token) => _bytes.AsSpan(Start(token).._ends[token]);

    public bool IsText(int token) => _isText[token];

    public bool IsEnd(int token) => _isEnd[token];

    public int? Special(string name) => _specials.TryGetValue(name, out var token) ? token : null;

    public int[] Tokenize(string text, bool marks = false)
    {
        if (text.Length == 0)
        {
            return [];
        }

        var utf8 = Encoding.UTF8.GetBytes(text);
        var tokens = new int[utf8.Length + 8];
        var count = Tokenize(utf8, tokens, marks);
        if (count < 0 && -count <= TextTokensMax)
        {
            tokens = new int[-count];
            count = Tokenize(utf8, tokens, marks);
        }

        return count >= 0 ? tokens[..count] : throw new InvalidOperationException($"a text of {utf8.Length} bytes has too many tokens");
    }

    int Tokenize(byte[] utf8, int[] tokens, bool marks)
    {
        fixed (byte* text = utf8)
        fixed (int* to = tokens)
        {
            return Llama.llama_tokenize(Handle, text, utf8.Length, to, tokens.Length, 0, (byte)(marks ? 1 : 0));
        }
    }

    // Some files mark these as text of the user's; here they are marks wherever they stand in the vocabulary.
    static bool IsMark(string name) => name is "<think>" or "</think>"
        || (name.StartsWith("<|", StringComparison.Ordinal) && name.EndsWith("|>", StringComparison.Ordinal));

    int Start(int token) => token == 0 ? 0 : _ends[token - 1];

    byte[] Piece(int token)
    {
        var piece = new byte[64];
        while (true)
        {
            int length;
            fixed (byte* to = piece)
            {
                length = Llama.llama_token_to_piece(Handle, token, to, piece.Length, 0, 0);
            }

            if (length >= 0)
            {
                return piece[..length];
            }

            piece = new byte[-length];
        }
    }
}
