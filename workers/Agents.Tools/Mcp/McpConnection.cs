using Agents.Contracts.Runs;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Agents.Tools.Mcp;

/// <summary>
/// One MCP server. Connected when first used; a connection that was lost is made anew by the next call, never in the
/// middle of one.
/// </summary>
sealed class McpConnection(string name, McpServerSettings settings, ToolEnvironment environment) : IAsyncDisposable
{
    const string FallbackVersion = "2025-11-25";
    const int ErrorLinesKept = 5;
    static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(30);
    readonly SemaphoreSlim _oneAtATime = new(1, 1);
    readonly Queue<string> _errorLines = new();
    McpClient? _client;

    public async Task<IReadOnlyList<Tool>> ListAsync(CancellationToken cancel)
    {
        var client = await ConnectedAsync(cancel);
        try
        {
            return [.. (await client.ListToolsAsync(cancellationToken: cancel)).Select(t => t.ProtocolTool)];
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            await DropAsync(client);
            throw Unreachable($"did not list its tools: {e.Message}", e);
        }
    }

    /// <summary>A live client; throws a retriable fault when there is none to be had.</summary>
    public async Task<McpClient> ConnectedAsync(CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        try
        {
            if (_client is { Completion.IsCompleted: false } live)
            {
                return live;
            }

            await ForgetAsync();
            return _client = await ConnectAsync(cancel);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Gives a client up that no longer answers; the next call makes another.</summary>
    public async Task DropAsync(McpClient client)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (ReferenceEquals(_client, client))
            {
                await ForgetAsync();
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _oneAtATime.WaitAsync();
        try
        {
            await ForgetAsync();
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    async Task<McpClient> ConnectAsync(CancellationToken cancel)
    {
        var first = await TryConnectAsync(settings.ProtocolVersion, cancel);
        if (first.Client is not null)
        {
            return first.Client;
        }

        // Servers of an older protocol may choke on the newest version's first question.
        var second = settings.ProtocolVersion is null ? await TryConnectAsync(FallbackVersion, cancel) : first;
        return second.Client ?? throw Unreachable($"cannot be started or reached: {second.Failure!.Message}", second.Failure);
    }

    async Task<(McpClient? Client, Exception? Failure)> TryConnectAsync(string? version, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(s_connectTimeout, environment.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            var options = new McpClientOptions
            {
                ClientInfo = new Implementation { Name = "agents", Version = "0.1.0" },
                ProtocolVersion = version,
                InitializationTimeout = s_connectTimeout,
            };
            return (await McpClient.CreateAsync(Transport(), options, cancellationToken: either.Token), null);
        }
        catch (Exception e) when (e is not ToolFaultException && !cancel.IsCancellationRequested)
        {
            return (null, e);
        }
    }

    IClientTransport Transport()
    {
        if (settings.Command is { Length: > 0 } command)
        {
            return new StdioClientTransport(new StdioClientTransportOptions
            {
                Name = name,
                Command = command,
                Arguments = [.. settings.Args],
                InheritEnvironmentVariables = false,
                EnvironmentVariables = Variables(),
                StandardErrorLines = KeepErrorLine,
            });
        }

        return settings.Url is { Length: > 0 } url && Uri.TryCreate(url, UriKind.Absolute, out var address)
            ? new HttpClientTransport(new HttpClientTransportOptions
            {
                Name = name,
                Endpoint = address,
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = settings.HeaderEnv.ToDictionary(h => h.Key, h => Variable(h.Value)),
            })
            : throw new ToolFaultException(
                ToolErrors.BadToolEntry, $"MCP server '{name}' has neither a command nor an absolute url");
    }

    Dictionary<string, string?> Variables() => settings.Env.ToDictionary(
        e => e.Key,
        e => (string?)(e.Value.StartsWith('$') ? Variable(e.Value[1..]) : e.Value));

    string Variable(string variable) => environment.Variable(variable) ?? throw new ToolFaultException(
        ToolErrors.VariableMissing, $"environment variable '{variable}' (MCP server '{name}') is not set");

    void KeepErrorLine(string line)
    {
        lock (_errorLines)
        {
            _errorLines.Enqueue(line);
            if (_errorLines.Count > ErrorLinesKept)
            {
                _errorLines.Dequeue();
            }
        }
    }

    async Task ForgetAsync()
    {
        if (_client is not { } client)
        {
            return;
        }

        _client = null;
        try
        {
            await client.DisposeAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // It is being given up because its link is broken; a broken farewell says nothing new.
        }
    }

    ToolFaultException Unreachable(string what, Exception inner)
    {
        string said;
        lock (_errorLines)
        {
            said = _errorLines.Count == 0 ? "" : $"; it wrote: {string.Join(" | ", _errorLines)}";
        }

        return new ToolFaultException(ToolErrors.McpUnreachable, $"MCP server '{name}' {what}{said}", true, inner);
    }
}
