using System.Runtime.Intrinsics.X86;
using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Native;

/// <summary>A loaded GGUF file: weights and vocabulary. Contexts made of it share its weights.</summary>
public sealed unsafe class NativeModel : IDisposable
{
    nint _model;

    NativeModel(nint model, string path)
    {
        _model = model;
        Path = path;
        Vocabulary = new NativeVocabulary(Llama.llama_model_get_vocab(model));
        var text = stackalloc byte[256];
        _ = Llama.llama_model_desc(model, text, 256);
        Description = ModelLibrary.Text((nint)text);
        ChatTemplate = Llama.llama_model_chat_template(model, null) is var template and not 0 ? ModelLibrary.Text(template) : null;
    }

    public string Path { get; }

    /// <summary>Architecture, size and kind of weights, in the library's words.</summary>
    public string Description { get; }

    public NativeVocabulary Vocabulary { get; }

    /// <summary>The template the file carries, as it stands there; null when it carries none.</summary>
    public string? ChatTemplate { get; }

    public long Weights => (long)Llama.llama_model_n_params(_model);

    public long Bytes => (long)Llama.llama_model_size(_model);

    /// <summary>Tokens of a conversation the model was made for.</summary>
    public int ContextTokens => Llama.llama_model_n_ctx_train(_model);

    /// <summary>
    /// True where the past of a sequence is a list of cells that can be shared and cut. Models that fold their past into
    /// one state, or look back over a window only, compute every prompt from its beginning.
    /// </summary>
    public bool CanShare => Llama.llama_model_is_recurrent(_model) == 0 && Llama.llama_model_is_hybrid(_model) == 0
        && Llama.llama_model_n_swa(_model) <= 0;

    internal nint Handle => _model;

    /// <summary>Loads a file; throws <see cref="ModelServerException"/> with AG4032 when the library cannot.</summary>
    /// <param name="gpuLayers">Layers to hold on a GPU; -1 all that fit.</param>
    /// <param name="vocabularyOnly">Leaves the weights out; such a model only tokenizes.</param>
    public static NativeModel Load(ModelLibrary library, string path, int gpuLayers = -1, bool vocabularyOnly = false)
    {
        ArgumentNullException.ThrowIfNull(library);
        if (!File.Exists(path))
        {
            throw new ModelServerException("AG4032", $"there is no file {path}", "give the path of a GGUF file with --model");
        }

        ModelLibrary.TakeWarnings();
        var parameters = Llama.llama_model_default_params();
        parameters.GpuLayers = gpuLayers;
        parameters.VocabularyOnly = (byte)(vocabularyOnly ? 1 : 0);
        parameters.UseExtraBuffers = (byte)(HasTiles() ? 0 : 1);
        var model = Llama.llama_model_load_from_file(System.IO.Path.GetFullPath(path), parameters);
        if (model == 0)
        {
            var said = ModelLibrary.TakeWarnings();
            throw new ModelServerException(
                "AG4032", $"{path} cannot be loaded{(said.Length > 0 ? $": {said}" : "")}",
                $"give a GGUF file of an architecture that llama.cpp {library.Version} knows");
        }

        if (!vocabularyOnly && Llama.llama_model_has_encoder(model) != 0)
        {
            Llama.llama_model_free(model);
            throw new ModelServerException("AG4032", $"{path} is a model with an encoder", "give one that only continues text");
        }

        return new NativeModel(model, path);
    }

    /// <summary>
    /// Where the processor has matrix tiles (AMX), the library lays weights out for them and then stops the process at the
    /// first batch of a model with latent attention or experts: no part of it takes their products from there.
    /// </summary>
    static bool HasTiles()
    {
        const int Leaf = 7, Tiles = 1 << 24;
        return X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= Leaf && (X86Base.CpuId(Leaf, 0).Edx & Tiles) != 0;
    }

    /// <summary>
    /// Renders messages with a template the library knows by its text; null when it knows it not. It is no interpreter of
    /// templates: what it knows is a fixed list.
    /// </summary>
    public string? RenderKnownTemplate(IReadOnlyList<(string Role, string Content)> messages)
    {
        if (ChatTemplate is null)
        {
            return null;
        }

        var template = Encoding.UTF8.GetBytes(ChatTemplate + '\0');
        var texts = messages.SelectMany(m => (byte[][])[Encoding.UTF8.GetBytes(m.Role + '\0'), Encoding.UTF8.GetBytes(m.Content + '\0')]).ToArray();
        var handles = texts.Select(t => System.Runtime.InteropServices.GCHandle.Alloc(t, System.Runtime.InteropServices.GCHandleType.Pinned)).ToArray();
        try
        {
            var list = new NativeChatMessage[messages.Count];
            for (var i = 0; i < list.Length; i++)
            {
                list[i] = new NativeChatMessage
                {
                    Role = (byte*)handles[2 * i].AddrOfPinnedObject(), Content = (byte*)handles[(2 * i) + 1].AddrOfPinnedObject(),
                };
            }

            var text = new byte[1024 + (2 * texts.Sum(t => t.Length))];
            while (true)
            {
                int length;
                fixed (byte* name = template, to = text)
                fixed (NativeChatMessage* first = list)
                {
                    length = Llama.llama_chat_apply_template(name, first, (nuint)list.Length, 1, to, text.Length);
                }

                if (length <= text.Length)
                {
                    return length < 0 ? null : Encoding.UTF8.GetString(text, 0, length);
                }

                text = new byte[length];
            }
        }
        finally
        {
            Array.ForEach(handles, h => h.Free());
        }
    }

    public void Dispose()
    {
        if (_model != 0)
        {
            Llama.llama_model_free(_model);
            _model = 0;
        }
    }
}
