using System.Text;

namespace RepoSentry.Delivery.Payloads;

/// <summary>Any text as a header value, by the rule of CloudEvents' HTTP binding: what is not printable ASCII, space, quote and percent stand as <c>%XX</c> of their UTF-8.</summary>
internal static class HeaderText
{
    public static string Encode(string text)
    {
        var value = new StringBuilder(text.Length);
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            if (one is > 0x20 and < 0x7f and not (byte)'"' and not (byte)'%')
            {
                value.Append((char)one);
            }
            else
            {
                value.Append('%').Append(Convert.ToHexString([one]));
            }
        }

        return value.ToString();
    }
}
