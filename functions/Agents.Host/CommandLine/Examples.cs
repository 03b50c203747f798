namespace Agents.Host.CommandLine;

/// <summary>What `--help` ends with: commands that can be typed as they stand, one sentence each.</summary>
static class Examples
{
    static readonly Dictionary<string, (string Line, string Why)[]> s_verbs = new()
    {
        ["run"] =
        [
            ("agents run --job examples/reference-audit.json", "watch it work; Ctrl-C stops, nothing is lost"),
            ("agents run --job job.json --model kimi-k2 --base-url http://127.0.0.1:8000/v1", "on a model server of your own"),
        ],
        ["resume"] =
        [
            ("agents resume", "go on with everything that can go on by itself"),
            ("agents resume 7h2k", "also lift the pause of the run whose id begins with 7h2k"),
        ],
        ["prove"] = [("agents prove --job examples/folder-digest.json --kills 3", "three SIGKILLs, and a count of what they changed")],
        ["runs"] = [("agents runs --status running paused", "those that are not done yet")],
        ["show"] = [("agents show", "the newest run; agents show 7h2k: the one whose id begins so")],
        ["watch"] = [("agents watch", "the newest run, live; leave with Ctrl-C, it goes on")],
        ["history"] = [("agents history 7h2k --json", "every event, one JSON object a line")],
        ["replay"] = [("agents replay 7h2k", "exit code 0: this build decides as the one that ran it did")],
        ["cancel"] = [("agents cancel 7h2k --reason \"wrong folder\"", "ends it now")],
        ["pause"] = [("agents pause 7h2k", "agents resume 7h2k lifts it")],
        ["steer"] = [("agents steer 7h2k \"leave out the drafts\"", "the model reads it at its next step")],
        ["resolve"] =
        [
            ("agents resolve 7h2k --key 3fa1 --happened '{\"lines\":2}'", "you looked: it happened, with this result"),
            ("agents resolve 7h2k --key 3fa1 --did-not-happen", "you looked: it did not; it is run now"),
        ],
        ["fork"] = [("agents fork 7h2k --at 120", "a new run that is the same up to step 119; then agents resume")],
        ["rewind"] = [("agents rewind 7h2k", "after a model error, say: the same run goes on before it")],
        ["restart"] = [("agents restart 7h2k", "the same job from its beginning, as another run")],
        ["purge"] = [("agents purge 7h2k", "its history goes; its output files stay")],
        ["retention"] =
        [
            ("agents retention --keep-completed 30d --keep-failed 90d", "what is older would go; nothing is changed"),
            ("agents retention --keep-completed 30d --remove", "it goes; agents serve --keep-completed 30d does so by itself"),
        ],
        ["queues"] =
        [
            ("agents queues", "who runs and who waits, in each queue that has a bound"),
            ("agents queues kimi --concurrency 8 --rate 60/1m", "calls of profiles with \"queue\": \"kimi\", on all nodes together"),
        ],
        ["up"] = [("agents up --port 7070 --root ~/documents", "API and live streams on http://127.0.0.1:7070")],
        ["serve"] =
        [
            ("agents serve --store postgres://me@127.0.0.1:5432/agents --http-port 7071", "one node of several on a shared store"),
            ("agents serve --grpc-port 4001 --data .agents/durable-task", "a backend for the Durable Task SDKs, and nothing else"),
        ],
        ["work"] = [("agents work --connect 127.0.0.1:4001", "beside agents up --grpc-port 4001 --work-elsewhere, in the same folder")],
        ["random"] = [("agents model random --out random.gguf", "then agents model serve --model random.gguf")],
        ["model"] = [("agents model serve --model model.gguf", "agents model serve --help has its options")],
        ["pool"] = [("agents pool --port 8100", "then agents model-worker --pool http://127.0.0.1:8100 …, once a model server")],
        ["model-worker"] =
        [
            ("agents model-worker --pool http://127.0.0.1:8100 --attach http://127.0.0.1:8000/v1", "a vLLM, SGLang or llama.cpp server that runs already"),
            ("agents model-worker --pool http://127.0.0.1:8100 --profile vllm/kimi-k2-thinking", "start it by its profile's command line, and again when it ends"),
            ("agents model-worker --pool http://127.0.0.1:8100 --model model.gguf", "serve a GGUF file in this process"),
        ],
        ["doctor"] =
        [
            ("agents doctor --model moonshot/kimi-k2.6", "also sees whether that model answers"),
            ("agents doctor --verify-model kimi-k2 --base-url http://127.0.0.1:8000/v1", "how often it calls tools when it should, and rightly"),
        ],
    };

    static readonly (string Line, string Why)[] s_first =
    [
        ("agents run --job examples/reference-audit.json", "start a run here and watch it"),
        ("agents resume", "after Ctrl-C, a crash or a reboot: go on where it was"),
        ("agents runs", "what there is; agents VERB --help has an example of each verb"),
    ];

    /// <summary>For a verb, or for no verb.</summary>
    public static string Of(string? verb)
    {
        var lines = verb is null ? s_first : s_verbs.GetValueOrDefault(verb, []);
        return lines.Length == 0
            ? ""
            : $"Examples:\n{string.Join('\n', lines.Select(l => $"  {l.Line}\n      {l.Why}"))}\n";
    }
}
