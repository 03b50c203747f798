using System.Text.Json;
using Agents.Client;
using Agents.Client.Runs;
using Microsoft.AspNetCore.Http;

namespace Agents.Api.Http;

/// <summary>Faults as RFC 9457 problem details.</summary>
static class Problems
{
    public static Problem Of(RunFaultException e, HttpContext context)
    {
        var status = StatusOf(e.Code);
        return new Problem
        {
            Type = $"docs/errors/{e.Code}.md",
            Title = TitleOf(status),
            Status = status,
            Detail = e.What,
            Instance = context.Request.Path,
            Code = e.Code,
            Where = e.Where,
            WhatToDo = e.WhatToDo,
        };
    }

    public static Problem NoSuchAddress(HttpContext context) => Of(
        new RunFaultException(
            Faults.NoSuchAddress, $"there is no {context.Request.Method} {context.Request.Path}", "path",
            "see /openapi/v1.json"),
        context);

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort(); // a stream that breaks off must not look like one that ended
            return;
        }

        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = "application/problem+json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(problem, ClientJson.Plain.Problem), context.RequestAborted);
    }

    static int StatusOf(string code) => code switch
    {
        Faults.RunNotFound or Faults.NoSuchAddress => StatusCodes.Status404NotFound,
        Faults.KeyConflict or Faults.CommandRefused or Faults.AmbiguousRun => StatusCodes.Status409Conflict,
        Faults.BodyTooLarge => StatusCodes.Status413PayloadTooLarge,
        Faults.MediaType => StatusCodes.Status415UnsupportedMediaType,
        Faults.NotLetIn => StatusCodes.Status401Unauthorized,
        Faults.ForeignOrigin or Faults.GuestRefused => StatusCodes.Status403Forbidden,
        Faults.JobField or Faults.JobPath =>
            StatusCodes.Status422UnprocessableEntity,
        _ when code.StartsWith("AG4", StringComparison.Ordinal) || code.StartsWith("AG5", StringComparison.Ordinal) =>
            StatusCodes.Status422UnprocessableEntity,
        Faults.Unavailable or Faults.DataDirectory or Faults.Unexpected => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    static string TitleOf(int status) => status switch
    {
        400 => "Bad request",
        401 => "Not let in",
        403 => "Refused",
        404 => "Not found",
        409 => "Conflict",
        413 => "Too large",
        415 => "Not JSON",
        422 => "The job cannot be run",
        _ => "Not available",
    };
}
