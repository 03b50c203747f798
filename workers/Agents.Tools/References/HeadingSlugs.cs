using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Agents.Tools.References;

/// <summary>The anchors a Markdown page has: its headings as GitHub spells them, and explicit HTML ids and names.</summary>
static partial class HeadingSlugs
{
    public static HashSet<string> Of(string markdown)
    {
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var heading in Markdown.Parse(markdown).Descendants<HeadingBlock>())
        {
            var slug = Slug(Text(heading.Inline));
            var count = seen.GetValueOrDefault(slug);
            seen[slug] = count + 1;
            slugs.Add(count == 0 ? slug : string.Create(CultureInfo.InvariantCulture, $"{slug}-{count}"));
        }

        foreach (Match match in ExplicitAnchor().Matches(markdown))
        {
            slugs.Add(match.Groups[1].Value);
        }

        return slugs;
    }

    /// <summary>Lower case; letters, digits, '-' and '_' kept; spaces become '-'; everything else dropped.</summary>
    public static string Slug(string heading)
    {
        var slug = new StringBuilder(heading.Length);
        foreach (var rune in heading.Trim().EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '_'
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
            {
                slug.Append(Rune.ToLowerInvariant(rune));
            }
            else if (rune.Value is ' ' or '\t')
            {
                slug.Append('-');
            }
        }

        return slug.ToString();
    }

    static string Text(ContainerInline? container)
    {
        var text = new StringBuilder();
        foreach (var inline in container?.Descendants() ?? [])
        {
            text.Append(inline switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => code.Content,
                LineBreakInline => " ",
                HtmlEntityInline entity => entity.Transcoded.ToString(),
                AutolinkInline link => link.Url,
                _ => "",
            });
        }

        return text.ToString();
    }

    [GeneratedRegex("""<[a-zA-Z][^<>]{0,500}?\s(?:id|name)\s*=\s*["']([^"'<>]{1,200})["']""")]
    private static partial Regex ExplicitAnchor();
}
