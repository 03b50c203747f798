using Agents.ModelServer.Native;

namespace Agents.ModelServer.Http;

/// <summary>
/// The model that comes with the program, behind the same HTTP as any other: small, and trained for the two default jobs
/// and nothing else. It is loaded when the first request comes, so that who never asks for it pays nothing.
/// </summary>
public sealed class EmbeddedModel : IAsyncDisposable
{
    /// <summary>The only model id served.</summary>
    public const string ModelId = "embedded";

    /// <summary>Names another file; it wins over the one beside the program.</summary>
    public const string FileVariable = "AGENTS_EMBEDDED_MODEL";

    const string FileName = "model/default-jobs.gguf";

    readonly Lazy<ServedModel> _served;
    readonly LocalModelServer _server;

    EmbeddedModel(Lazy<ServedModel> served, LocalModelServer server) => (_served, _server) = (served, server);

    /// <summary>The file that is served.</summary>
    public static string FilePath => Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file
        ? file
        : Path.Combine(AppContext.BaseDirectory, FileName);

    /// <summary>Room for a few conversations as short as its jobs need, and for the beginnings they share.</summary>
    public static ServedModelOptions Options(string file) => new() { Path = file, Id = ModelId, Cells = 16_384, Slots = 8 };

    /// <summary>Why it cannot be served here, as far as can be told without loading anything; null when nothing is in the way.</summary>
    public static ModelServerException? Obstacle(string? file = null) => !File.Exists(file ?? FilePath)
            ? new ModelServerException(
                "AG4037", $"the embedded model is not here: there is no file {file ?? FilePath}",
                $"build again, name a file in {FileVariable}, or use the model 'scripted'")
        : ModelLibrary.IsThere() ? null : new ModelServerException(
            "AG4030", "the embedded model needs llama.cpp's native library, which is not here",
            "read what the build said about it, or use the model 'scripted'");

    /// <summary>Starts listening on a Unix socket; throws <see cref="ModelServerException"/> with AG4035 when it cannot.</summary>
    /// <param name="file">Null: <see cref="FilePath"/>.</param>
    public static async Task<EmbeddedModel> StartAsync(string socketPath, TimeProvider clock, CancellationToken cancel, string? file = null)
    {
        var served = new Lazy<ServedModel>(() =>
            Obstacle(file) is { } why ? throw why : ServedModel.Load(ModelLibrary.Load(), Options(file ?? FilePath), clock));
        var server = await LocalModelServer.StartAsync(() => served.Value, new ModelServerOptions { SocketPath = socketPath }, clock, cancel);
        return new EmbeddedModel(served, server);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (_served.IsValueCreated)
        {
            await _served.Value.DisposeAsync();
        }
    }
}
