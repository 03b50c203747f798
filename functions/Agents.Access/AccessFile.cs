using System.Text.Json;

namespace Agents.Access;

/// <summary>
/// Reads access rules: {"keys":[{"name","key","hubs"}],"tokens":{"issuer","audience","keySet","hubClaim","hubs"}}. A key
/// is env:NAME, file:PATH or sha256:HEX, so that the file itself holds no secret.
/// </summary>
public static class AccessFile
{
    const int BytesMax = 1 << 20;

    static readonly JsonDocumentOptions s_json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Throws <see cref="AccessRulesException"/> where the file is not readable or says what cannot be.</summary>
    public static AccessRules Read(string path, Func<string, string?> environment)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (new FileInfo(path).Length > BytesMax)
            {
                throw new AccessRulesException($"{path} holds more than {BytesMax} bytes");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path), s_json);
            return new AccessReader(folder, environment).Rules(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new AccessRulesException($"{path} is no JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AccessRulesException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
