using Agents.ModelServer.Gguf;
using Agents.ModelServer.Native;

namespace Agents.Tests.ModelServer.Native;

/// <summary>A model of random weights, written once for all tests of this process and loaded by the real library.</summary>
static class SmallModel
{
    static readonly Lazy<string> s_path = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("model-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var path = System.IO.Path.Combine(folder, "random.gguf");
        RandomModel.Write(path, ModelShape.Tiny, seed: 11);
        return path;
    });

    static readonly Lazy<NativeModel> s_model = new(() => NativeModel.Load(ModelLibrary.Load(), s_path.Value));

    public static string Path => s_path.Value;

    /// <summary>Lives as long as the process.</summary>
    public static NativeModel Model => s_model.Value;

    public static NativeContext Context(int cells = 4096, int sequences = 9, int batch = 256) => new(
        Model, new NativeContextOptions { Cells = cells, Sequences = sequences, BatchMax = batch, Threads = 1 });
}
