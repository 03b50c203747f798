using Agents.Bench;
using Agents.TestKit.Cluster;

if (args is ["--help"] or ["-h"] or ["help"])
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

if (args is [ClusterChild.Verb, var url, var schema, var world])
{
    return await ClusterChild.RunAsync(url, schema, world);
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
