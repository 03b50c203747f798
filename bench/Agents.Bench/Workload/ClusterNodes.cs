using System.Diagnostics;
using System.Globalization;
using Agents.Bench.Machine;
using Agents.TestKit.Cluster;

namespace Agents.Bench.Workload;

/// <summary>Nodes of a cluster, each a process of its own.</summary>
sealed class ClusterNodes(string url)
    : IAsyncDisposable
{
    readonly ScratchFolder _world = new("world");
    readonly List<ClusterProcess> _nodes = [];
    int _runs;

    public double CpuSeconds => _nodes.Sum(node => node.CpuSeconds);

    public async Task JoinAsync() =>
        _nodes.Add(await ClusterProcess.StartAsync(Environment.ProcessPath!, url, "bench", _world.Path));

    /// <summary>Returns when each has begun its first step, wherever.</summary>
    public async Task StartAsync(string code, int runs, int steps)
    {
        _runs = runs;
        for (var i = 0; i < runs; i++)
        {
            _nodes[0].Tell(string.Create(CultureInfo.InvariantCulture, $"start run{i} {code} {steps}"));
            var id = $"run{i}";
            await await Task.WhenAny(_nodes.Select(n => n.NextAsync(s => s.What == "step" && s.Word(0) == id)));
        }
    }

    public async Task<(double Noticed, List<double> Taken)> KillAsync()
    {
        var killed = _nodes[1];
        await killed.NextAsync(s => s.What == "step" && s.Word(1) == "40");
        var at = killed.Kill();
        await killed.Exited;
        var others = _nodes.Where(n => n != killed).ToList();
        var last = _nodes.SelectMany(n => n.All.Where(s => s.What == "step" && s.At < at).Select(s => (Node: n, Said: s)))
            .GroupBy(s => s.Said.Word(0)).Select(g => g.MaxBy(s => s.Said.At)).Where(s => s.Node == killed).ToList();
        var gone = await await Task.WhenAny(others.Select(n => n.NextAsync(s => s.What == "log" && s.Of.Contains(" is gone"))));
        List<double> taken = [];
        foreach (var (_, said) in last)
        {
            var next = await await Task.WhenAny(others.Select(n => n.NextAsync(
                s => s.What == "step" && s.At > at && s.Word(0) == said.Word(0))));
            taken.Add(Milliseconds(at, next.At));
        }

        _nodes.Remove(killed);
        await killed.DisposeAsync();
        return (Milliseconds(at, gone.At), taken);
    }

    public async Task<double> StopAsync()
    {
        _nodes[1].Tell("stop");
        return double.Parse((await _nodes[1].NextAsync(s => s.What == "stopped")).Of, CultureInfo.InvariantCulture);
    }

    public async Task<(List<double> Told, List<double> Terminal)> CancelRemoteAsync(int count)
    {
        var there = _nodes[1].All.Where(s => s.What == "step").Select(s => s.Word(0)).Distinct().Take(count).ToList();
        List<double> told = [], terminal = [];
        foreach (var id in there)
        {
            _nodes[0].Tell($"cancel {id}");
            var end = await _nodes[0].NextAsync(s => s.What == "terminal" && s.Word(0) == id);
            var began = long.Parse(end.Word(1), CultureInfo.InvariantCulture);
            terminal.Add(Milliseconds(began, end.At));
            told.Add(Milliseconds(began, (await _nodes[1].NextAsync(s => s.What == "cancelled" && s.Of == id)).At));
        }

        return (told, terminal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _world.Dispose();
    }

    static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;
}
