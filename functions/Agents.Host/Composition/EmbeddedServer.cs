using Agents.GpuWorker;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;

namespace Agents.Host.Composition;

/// <summary>A model server in this process, on a GGUF file.</summary>
sealed class EmbeddedServer(ServedModelOptions model, ModelServerOptions server, string? libraryFolder, TimeProvider clock) : IModelServerKeep
{
    ServedModel? _model;
    LocalModelServer? _server;

    public string BaseUrl => _server?.BaseUrl ?? throw new InvalidOperationException("the model server was not started");

    public string? Trouble => _server is null ? "loads its model" : null;

    public ServedModel Model => _model ?? throw new InvalidOperationException("the model server was not started");

    public ServedModelOptions Options => model;

    public async Task StartAsync(CancellationToken cancel)
    {
        if (_server is not null)
        {
            return;
        }

        _model = ServedModel.Load(ModelLibrary.Load(libraryFolder), model, clock);
        _server = await LocalModelServer.StartAsync(_model, server, clock, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_model is not null)
        {
            await _model.DisposeAsync();
        }
    }
}
