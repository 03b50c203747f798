using Agents.Host.CommandLine;

return await Entry.RunAsync(args);
