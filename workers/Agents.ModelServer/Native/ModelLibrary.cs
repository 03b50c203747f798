using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Agents.ModelServer.Native;

/// <summary>A device the library can compute on.</summary>
/// <param name="MemoryBytes">Memory of the device in all; 0 where it does not say.</param>
public sealed record ComputeDevice(string Name, string Description, bool IsGpu, long MemoryBytes);

/// <summary>
/// llama.cpp's native library: found, loaded once a process, and checked to be the release this build was written for.
/// </summary>
public sealed unsafe class ModelLibrary
{
    /// <summary>Names a folder that holds the libraries; it wins over the one beside the program.</summary>
    public const string FolderVariable = "AGENTS_LLAMA_DIR";

    /// <summary>Folder beside the program that the build fills.</summary>
    public const string FolderName = "llama";

    /// <summary>The only release that is called.</summary>
    public const string ExpectedVersion = "0.5.0";

    const int LogLevelWarning = 3;
    static readonly Lock s_gate = new();
    static readonly StringBuilder s_said = new();
    static ModelLibrary? s_loaded;
    static string? s_folder;
    static bool s_resolving;

    ModelLibrary(string folder, string version, IReadOnlyList<ComputeDevice> devices)
    {
        Folder = folder;
        Version = version;
        Devices = devices;
    }

    public string Folder { get; }

    public string Version { get; }

    public IReadOnlyList<ComputeDevice> Devices { get; }

    /// <summary>
    /// Loads the library of <paramref name="folder"/>, or of AGENTS_LLAMA_DIR, or of the folder beside the program. Throws
    /// <see cref="ModelServerException"/> with AG4030 where there is none and with AG4031 where it is another release.
    /// A process has one: a second call with another folder is refused.
    /// </summary>
    public static ModelLibrary Load(string? folder = null)
    {
        var chosen = Chosen(folder);
        lock (s_gate)
        {
            if (s_loaded is { } loaded)
            {
                return loaded.Folder == chosen ? loaded : throw new ModelServerException(
                    "AG4031", $"this process has loaded the library of {loaded.Folder} already, not that of {chosen}", "start another process");
            }

            return s_loaded = Open(chosen);
        }
    }

    /// <summary>Whether there is a library to load; whether it is the right one, only loading tells.</summary>
    public static bool IsThere() => Directory.Exists(Chosen(null)) && Directory.GetFiles(Chosen(null), "libllama*.so").Length > 0;

    static string Chosen(string? folder) => Path.GetFullPath(
        folder ?? (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } variable ? variable
            : Path.Combine(AppContext.BaseDirectory, FolderName)));

    static ModelLibrary Open(string folder)
    {
        var library = Find(folder, "libllama*.so", "libllama.so", not: "libllama-common");
        s_folder = folder;
        if (!s_resolving)
        {
            NativeLibrary.SetDllImportResolver(typeof(Llama).Assembly, Resolve);
            s_resolving = true;
        }

        string version;
        try
        {
            version = Text(Llama.llama_version());
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new ModelServerException("AG4031", $"{library} cannot be used: {e.Message}", Advice, e);
        }

        // A build between releases says so behind a dash; the release itself is what structs and functions belong to.
        if (LayoutCheck.Mismatch(NativeLibrary.Load(library), version.Split('-')[0], ExpectedVersion) is { } mismatch)
        {
            throw new ModelServerException("AG4031", $"{library} is not the library this build calls: {mismatch}", Advice);
        }

        Llama.llama_log_set(&Log, null);
        Llama.ggml_backend_load_all_from_path(folder);
        Llama.llama_backend_init();
        return new ModelLibrary(folder, version, ReadDevices());
    }

    static string Advice => $"use the one the build fetches, or llama.cpp {ExpectedVersion}";

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) => name switch
    {
        Llama.Library => NativeLibrary.Load(Find(s_folder!, "libllama*.so", "libllama.so", not: "libllama-common")),
        Llama.Backends => NativeLibrary.Load(Find(s_folder!, "libggml.*so", "libggml.so", not: "libggml-")),
        Llama.Base => NativeLibrary.Load(Find(s_folder!, "libggml-base*.so", "libggml-base.so", not: "libggml-cpu")),
        _ => 0,
    };

    static string Find(string folder, string pattern, string name, string not)
    {
        var found = Directory.Exists(folder)
            ? Directory.GetFiles(folder, pattern).FirstOrDefault(f => !Path.GetFileName(f).StartsWith(not, StringComparison.Ordinal))
            : null;
        return found ?? throw new ModelServerException(
            "AG4030", $"the library of the model server is not there: no {name} in {folder}",
            $"build again with npm and network, or name a folder with llama.cpp's libraries in {FolderVariable}");
    }

    static List<ComputeDevice> ReadDevices()
    {
        const int TypeGpu = 1;
        var devices = new List<ComputeDevice>();
        for (nuint i = 0; i < Llama.ggml_backend_dev_count(); i++)
        {
            var device = Llama.ggml_backend_dev_get(i);
            Llama.ggml_backend_dev_memory(device, out _, out var total);
            devices.Add(new ComputeDevice(
                Text(Llama.ggml_backend_dev_name(device)), Text(Llama.ggml_backend_dev_description(device)).Trim(),
                Llama.ggml_backend_dev_type(device) == TypeGpu, (long)total));
        }

        return devices;
    }

    internal static string Text(nint utf8) => Marshal.PtrToStringUTF8(utf8) ?? "";

    /// <summary>What the library warned of since the last call, for the message of a failure.</summary>
    internal static string TakeWarnings()
    {
        lock (s_said)
        {
            var said = s_said.ToString().Trim().ReplaceLineEndings("; ");
            s_said.Clear();
            return said;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    static void Log(int level, byte* text, void* data)
    {
        const int KeptMax = 4_000;
        if (level < LogLevelWarning || text is null)
        {
            return;
        }

        lock (s_said)
        {
            if (s_said.Length < KeptMax)
            {
                s_said.Append(Marshal.PtrToStringUTF8((nint)text));
            }
        }
    }
}
