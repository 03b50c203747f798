using Agents.Api;
using Agents.Client.Jobs;
using Agents.Contracts.Runs;
using Agents.Inference.Profiles;
using Agents.ModelServer.Http;
using Agents.Pool.Figures;

namespace Agents.Host.Composition;

/// <summary>The model profiles of this host, as jobs and the API see them.</summary>
sealed class ModelShelf(ProfileCatalog catalog, TimeProvider clock) : IModelShelf
{
    static readonly string[] s_obstacles = ["AG4001", "AG4002", "AG4017", "AG4030", "AG4037"];

    /// <summary>Profiles of the data directory replace shipped ones of the same name.</summary>
    public static ModelShelf Open(string dataDirectory, TimeProvider clock) =>
        new(ProfileCatalog.Load(Path.Combine(dataDirectory, "profiles")), clock);

    public ModelProfile? Find(string name, out IReadOnlyList<string> near)
    {
        var match = catalog.Find(name);
        near = match.Suggestions;
        return match.Profile;
    }

    public ModelProfile AtAddress(string model, string baseUrl, string? apiKeyEnv) =>
        ProfileCatalog.AtAddress(model, baseUrl, apiKeyEnv);

    public (string Code, string What)? Obstacle(ModelProfile profile) =>
        Warnings(profile).FirstOrDefault(w => s_obstacles.Contains(w.Code)) is { } warning
            ? (warning.Code, warning.Message)
            : null;

    public IReadOnlyList<ProfileWarning> Warnings(ModelProfile profile) =>
    [
        .. ProfileWarnings.Of(profile, DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime), Environment.GetEnvironmentVariable),
        .. profile.BaseUrl.Contains("://embedded.invalid", StringComparison.Ordinal) && EmbeddedModel.Obstacle() is { } why
            ? (ProfileWarning[])[new ProfileWarning(why.Code, $"{why.What}; {why.WhatToDo}")] : [],
    ];

    public IReadOnlyCollection<ModelProfile> All => catalog.All;

    /// <param name="pool">The pool of this process, where it serves a model.</param>
    public IReadOnlyList<ModelView> Views(PoolView? pool) => [.. catalog.All.Select(p => new ModelView(
        p.Name, p.Model, p.BaseUrl, p.ContextTokens, p.ApiKeyEnv, p.RetiredOn, p.Successor, p.Prices, p.Note,
        [.. Warnings(p).Select(w => $"{w.Code}: {w.Message}")])
        {
            Serving = IsLocal(p) ? ServingOf(pool?.Models.FirstOrDefault(m => m.Model == p.Model)) : null,
        })];

    static bool IsLocal(ModelProfile profile) =>
        Uri.TryCreate(profile.BaseUrl, UriKind.Absolute, out var address) && address.Host == LocalModels.PoolHost;

    static ModelServing ServingOf(ModelLoad? load) => load is null
        ? new ModelServing(0, 0, 0, 0, null, null)
        : new ModelServing(load.WorkersReady, load.Running, load.Waiting, load.QueueTokens, load.TokensPerSecond, load.PrefixHitRate);
}
