using System.CommandLine;
using Agents.Client.Runs;
using Agents.Host.Verbs;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;

namespace Agents.Host.CommandLine;

/// <summary>agents model serve and agents model random.</summary>
static class ModelCommands
{
    public static Command Model(Guard guard)
    {
        var model = new Command("model", "Serve a language model of a GGUF file on this machine (docs/model-server.md).");
        model.Subcommands.Add(Serve(guard));
        model.Subcommands.Add(Random(guard));
        return model;
    }

    static Command Serve(Guard guard)
    {
        var model = new Option<string>("--model") { Description = "GGUF file", Required = true, HelpName = "FILE" };
        var name = new Option<string?>("--name") { Description = "the name requests call it by (default: that of the file)", HelpName = "ID" };
        var port = new Option<int>("--port") { Description = "loopback port; 0 takes a free one", DefaultValueFactory = _ => 8000, HelpName = "PORT" };
        var context = new Option<int>("--context")
        {
            Description = "tokens of all conversations together, kept beginnings included", DefaultValueFactory = _ => 32_768, HelpName = "TOKENS",
        };
        var slots = new Option<int>("--slots") { Description = "replies made at once", DefaultValueFactory = _ => 8, HelpName = "N" };
        var queue = new Option<int>("--queue") { Description = "requests that may wait", DefaultValueFactory = _ => 64, HelpName = "N" };
        var threads = new Option<int>("--threads")
        {
            Description = "threads that compute (default: one less than there are cores)", DefaultValueFactory = _ => ServedModelOptions.ThreadsByDefault,
            HelpName = "N",
        };
        var layers = new Option<int>("--gpu-layers") { Description = "layers on a GPU, where there is a backend for one; -1 all", DefaultValueFactory = _ => -1, HelpName = "N" };
        var library = new Option<string?>("--library") { Description = $"folder with llama.cpp's libraries (default: ${ModelLibrary.FolderVariable}, else the one beside the program)", HelpName = "DIR" };
        return Roots.Verb("serve", "Serve a GGUF file over OpenAI's HTTP on a loopback port.", guard, (r, c) =>
        {
            var path = r.GetValue(model)!;
            return new ModelServeVerb(
                new ServedModelOptions
                {
                    Path = path,
                    Id = r.GetValue(name) ?? Path.GetFileNameWithoutExtension(path),
                    Cells = Roots.Within("--context", r.GetValue(context), 256, 16 << 20),
                    Slots = Roots.Within("--slots", r.GetValue(slots), 1, 64),
                    QueueMax = Roots.Within("--queue", r.GetValue(queue), 0, 100_000),
                    Threads = Roots.Within("--threads", r.GetValue(threads), 1, 1_024),
                    GpuLayers = Roots.Within("--gpu-layers", r.GetValue(layers), -1, 10_000),
                },
                Roots.Within("--port", r.GetValue(port), 0, 65_535), r.GetValue(library)).RunAsync(c);
        }, model, name, port, context, slots, queue, threads, layers, library);
    }

    static Command Random(Guard guard)
    {
        var path = new Option<string>("--out") { Description = "file to write", Required = true, HelpName = "FILE" };
        var size = new Option<string>("--size") { Description = "tiny or small", DefaultValueFactory = _ => "tiny", HelpName = "SIZE" };
        var seed = new Option<int>("--seed") { Description = "the same seed gives the same file", DefaultValueFactory = _ => 1, HelpName = "N" };
        return Roots.Verb("random", "Write a model of random weights, to try the server with.", guard, (r, c) =>
        {
            var shape = r.GetValue(size) switch
            {
                "tiny" => ModelShape.Tiny,
                "small" => ModelShape.Small,
                var other => throw new RunFaultException(Faults.Usage, $"'{other}' is no size", "--size", "give tiny or small"),
            };
            return new ModelRandomVerb(r.GetValue(path)!, shape, (ulong)Roots.Within("--seed", r.GetValue(seed), 0, int.MaxValue)).RunAsync(c);
        }, path, size, seed);
    }
}
