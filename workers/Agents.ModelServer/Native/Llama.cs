using System.Runtime.InteropServices;

namespace Agents.ModelServer.Native;

/// <summary>The functions of llama.cpp that are called. Only the types of this folder call them.</summary>
static unsafe partial class Llama
{
    public const string Library = "agents-llama";
    public const string Backends = "agents-ggml";
    public const string Base = "agents-ggml-base";

    [LibraryImport(Backends, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void ggml_backend_load_all_from_path(string folder);

    [LibraryImport(Backends)]
    public static partial nuint ggml_backend_dev_count();

    [LibraryImport(Backends)]
    public static partial nint ggml_backend_dev_get(nuint index);

    [LibraryImport(Base)]
    public static partial nint ggml_backend_dev_name(nint device);

    [LibraryImport(Base)]
    public static partial nint ggml_backend_dev_description(nint device);

    [LibraryImport(Base)]
    public static partial int ggml_backend_dev_type(nint device);

    [LibraryImport(Base)]
    public static partial void ggml_backend_dev_memory(nint device, out nuint free, out nuint total);

    [LibraryImport(Library)]
    public static partial void llama_backend_init();

    [LibraryImport(Library)]
    public static partial nint llama_version();

    [LibraryImport(Library)]
    public static partial nuint llama_max_parallel_sequences();

    [LibraryImport(Library)]
    public static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> log, void* data);

    [LibraryImport(Library)]
    public static partial ModelParams llama_model_default_params();

    [LibraryImport(Library)]
    public static partial ContextParams llama_context_default_params();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint llama_model_load_from_file(string path, ModelParams parameters);

    [LibraryImport(Library)]
    public static partial void llama_model_free(nint model);

    [LibraryImport(Library)]
    public static partial nint llama_model_get_vocab(nint model);

    [LibraryImport(Library)]
    public static partial int llama_model_desc(nint model, byte* text, nuint size);

    [LibraryImport(Library)]
    public static partial ulong llama_model_n_params(nint model);

    [LibraryImport(Library)]
    public static partial ulong llama_model_size(nint model);

    [LibraryImport(Library)]
    public static partial int llama_model_n_ctx_train(nint model);

    [LibraryImport(Library)]
    public static partial byte llama_model_has_encoder(nint model);

    [LibraryImport(Library)]
    public static partial byte llama_model_is_recurrent(nint model);

    [LibraryImport(Library)]
    public static partial byte llama_model_is_hybrid(nint model);

    [LibraryImport(Library)]
    public static partial int llama_model_n_swa(nint model);

    [LibraryImport(Library)]
    public static partial nint llama_model_chat_template(nint model, byte* name);

    [LibraryImport(Library)]
    public static partial int llama_chat_apply_template(
        byte* template, NativeChatMessage* messages, nuint count, byte addAssistant, byte* text, int size);

    [LibraryImport(Library)]
    public static partial int llama_vocab_n_tokens(nint vocabulary);

    [LibraryImport(Library)]
    public static partial byte llama_vocab_is_eog(nint vocabulary, int token);

    [LibraryImport(Library)]
    public static partial int llama_vocab_get_attr(nint vocabulary, int token);

    [LibraryImport(Library)]
    public static partial nint llama_vocab_get_text(nint vocabulary, int token);

    [LibraryImport(Library)]
    public static partial int llama_vocab_bos(nint vocabulary);

    [LibraryImport(Library)]
    public static partial byte llama_vocab_get_add_bos(nint vocabulary);

    [LibraryImport(Library)]
    public static partial int llama_tokenize(
        nint vocabulary, byte* text, int length, int* tokens, int tokensMax, byte addSpecial, byte parseSpecial);

    [LibraryImport(Library)]
    public static partial int llama_token_to_piece(nint vocabulary, int token, byte* text, int size, int leftStrip, byte special);

    [LibraryImport(Library)]
    public static partial nint llama_init_from_model(nint model, ContextParams parameters);

    [LibraryImport(Library)]
    public static partial void llama_free(nint context);

    [LibraryImport(Library)]
    public static partial uint llama_n_ctx(nint context);

    [LibraryImport(Library)]
    public static partial uint llama_n_ctx_seq(nint context);

    [LibraryImport(Library)]
    public static partial uint llama_n_batch(nint context);

    [LibraryImport(Library)]
    public static partial NativeBatch llama_batch_init(int tokensMax, int embedding, int sequencesMax);

    [LibraryImport(Library)]
    public static partial void llama_batch_free(NativeBatch batch);

    [LibraryImport(Library)]
    public static partial int llama_decode(nint context, NativeBatch batch);

    [LibraryImport(Library)]
    public static partial float* llama_get_logits_ith(nint context, int index);

    [LibraryImport(Library)]
    public static partial nint llama_get_memory(nint context);

    [LibraryImport(Library)]
    public static partial void llama_memory_clear(nint memory, byte data);

    [LibraryImport(Library)]
    public static partial void llama_memory_seq_cp(nint memory, int from, int to, int begin, int end);

    [LibraryImport(Library)]
    public static partial byte llama_memory_seq_rm(nint memory, int sequence, int begin, int end);

    [LibraryImport(Library)]
    public static partial int llama_memory_seq_pos_max(nint memory, int sequence);

    [LibraryImport(Library)]
    public static partial nuint llama_state_seq_get_size(nint context, int sequence);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint llama_sampler_init_grammar(nint vocabulary, string grammar, string root);

    [LibraryImport(Library)]
    public static partial void llama_sampler_apply(nint sampler, CandidateList* candidates);

    [LibraryImport(Library)]
    public static partial void llama_sampler_accept(nint sampler, int token);

    [LibraryImport(Library)]
    public static partial void llama_sampler_free(nint sampler);
}
