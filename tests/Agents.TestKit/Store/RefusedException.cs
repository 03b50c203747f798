namespace Agents.TestKit.Store;

/// <summary>A write that the store cannot take.</summary>
internal sealed class RefusedException(string why) : Exception(why);
