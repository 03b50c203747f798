using Agents.Bench;

if (args is ["--help"] or ["-h"] or ["help"])
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

try
{
    return await Measurements.RunAsync(BenchOptions.Parse(args));
}
catch (UsageException e)
{
    Console.Error.WriteLine($"bench: {e.Message}\n\n{BenchOptions.Usage}");
    return 2;
}
