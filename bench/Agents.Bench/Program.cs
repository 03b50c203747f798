using Agents.Bench;

try
{
    return await Measurements.RunAsync(BenchOptions.Parse(args));
}
catch (UsageException e)
{
    Console.Error.WriteLine($"bench: {e.Message}\n\n{BenchOptions.Usage}");
    return 2;
}
