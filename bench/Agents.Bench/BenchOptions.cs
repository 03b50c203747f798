using System.Globalization;

namespace Agents.Bench;

/// <summary>The command line: a measure's name, then options. Anything not understood is refused by name.</summary>
sealed record BenchOptions
{
    public required string Measure { get; init; }

    public string Store { get; init; } = "sqlite";

    /// <summary>PostgreSQL only: through PgBouncer in transaction mode.</summary>
    public bool Pooler { get; init; }

    /// <summary>Runs at once.</summary>
    public int Runs { get; init; } = 64;

    /// <summary>Bytes of one activity's result with its arguments.</summary>
    public int Bytes { get; init; } = 1024;

    /// <summary>Activities of one run; half are model calls, half tool calls.</summary>
    public int Length { get; init; } = 300;
    public bool AtMostOnce { get; init; }

    /// <summary>Compressible words instead of text by chance.</summary>
    public bool Prose { get; init; }
    public int Repetitions { get; init; } = 5;

    /// <summary>Only the JSON lines, no table for people.</summary>
    public bool Json { get; init; }

    /// <summary>Run the other engines too and print one table.</summary>
    public bool Peers { get; init; }

    /// <summary>Keep the lines in bench/results.</summary>
    public bool Record { get; init; }

    /// <summary>File of the model measure's model, or "scripted"; null: the one beside the program.</summary>
    public string? Model { get; init; }

    /// <summary>Temperature of the model measure; null: the embedded profile's.</summary>
    public double? Temperature { get; init; }

    /// <summary>Random trees of the model measure.</summary>
    public int Trees { get; init; } = 50;

    /// <summary>Data folder, of a child process only.</summary>
    public string? Data { get; init; }

    /// <summary>Names this run in the notes of a record: quiet machine, what changed.</summary>
    public string? Note { get; init; }

    /// <summary>Not a measure: the process that the resume measure kills and starts again.</summary>
    public const string ResumeChild = "resume-child";

    public const string Usage = """
        ./dev bench [measure] [--store sqlite|postgres] [--runs N] [--bytes B] [--length L] [--effect idempotent|atmostonce]
                    [--content random|prose] [--pooler] [--repetitions R] [--json] [--peers] [--record] [--note TEXT]

        --store postgres: a private server is started, its processes counted; with --pooler through PgBouncer in transaction
        mode. Not for context and model-server.

        agent-300       the real agent loop, no delay: activities a second, time and CPU of each, bytes stored, floors
        resume          kill -9 in the middle of a run: process ready to next step, spawn to next step
        context         a run of 300 calls ending at 248k tokens: time to build view and request; cold resume
        memory          process memory with 64 hot runs, bytes of one
        idle            statements and CPU of a node without work
        step-cost       what step 1000 costs against step 10
        timer-lateness  how late durable timers fire
        cancel-latency  request to terminated
        takeover        three nodes on PostgreSQL, one killed -9: kill to the next step of each of its runs; then a stop
        cluster-idle    two nodes on PostgreSQL without work: transactions and CPU of each
        remote-cancel   a run on one node cancelled at another: to the call's token, to the status read
        model-server    eight replies at once over HTTP beside a bare loop of the same library; a step whose beginning is held
        schedule        ways to spread runs over model workers: simulated at 1, 2 and 4 times the KV room, then two real servers
        pool            what the pool adds to the time to the first token, and takes of tokens a second, in pairs with the server alone
        model           the embedded model's default jobs on random trees it never saw, and the same with random weights
                        [--model FILE|scripted] [--trees N] [--temperature T]
        floor           only what SQLite and the disk can do
        all             every measure above; --record keeps the results under bench/results
        """;

    public static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions { Measure = "agent-300" };
        var rest = new Queue<string>(arguments);
        if (rest.TryPeek(out var first) && !first.StartsWith('-'))
        {
            options = options with { Measure = rest.Dequeue() };
        }

        while (rest.TryDequeue(out var name))
        {
            options = name switch
            {
                "--store" => options with { Store = OneOf(name, rest, "sqlite", "postgres") },
                "--runs" => options with { Runs = Count(name, rest, 100_000) },
                "--bytes" => options with { Bytes = Count(name, rest, 1 << 19) },
                "--length" => options with { Length = Count(name, rest, 100_000) },
                "--effect" => options with { AtMostOnce = OneOf(name, rest, "idempotent", "atmostonce") == "atmostonce" },
                "--content" => options with { Prose = OneOf(name, rest, "random", "prose") == "prose" },
                "--repetitions" => options with { Repetitions = Count(name, rest, 1000) },
                "--model" => options with { Model = Value(name, rest) },
                "--temperature" => options with { Temperature = double.Parse(Value(name, rest), CultureInfo.InvariantCulture) },
                "--trees" => options with { Trees = Count(name, rest, 10_000) },
                "--data" => options with { Data = Value(name, rest) },
                "--note" => options with { Note = Value(name, rest) },
                "--pooler" => options with { Pooler = true },
                "--json" => options with { Json = true },
                "--peers" => options with { Peers = true },
                "--record" => options with { Record = true },
                _ => throw new UsageException($"unknown option '{name}'"),
            };
        }

        return options is { Pooler: true, Store: not "postgres" } ? throw new UsageException("--pooler goes with --store postgres") : options;
    }

    static string Value(string name, Queue<string> rest) =>
        rest.TryDequeue(out var value) ? value : throw new UsageException($"{name} needs a value");

    static string OneOf(string name, Queue<string> rest, params string[] known)
    {
        var value = Value(name, rest);
        return known.Contains(value, StringComparer.OrdinalIgnoreCase)
            ? value.ToLowerInvariant()
            : throw new UsageException($"{name} '{value}': one of {string.Join(", ", known)}");
    }

    static int Count(string name, Queue<string> rest, int most)
    {
        var value = Value(name, rest);
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= 1 && n <= most
            ? n
            : throw new UsageException($"{name} '{value}': a number from 1 to {most}");
    }
}

/// <summary>The command line is wrong; the message says where.</summary>
sealed class UsageException(string message) : Exception(message);
