using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using RepoSentry.Dashboard.Parts;

namespace RepoSentry.Dashboard;

/// <summary>One page, before its frame is put around it.</summary>
/// <param name="Section">Which entry of the navigation it belongs to; empty for none.</param>
internal sealed record Sheet(string Title, string Section, RenderFragment Body)
{
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The script asks for what changes only.</summary>
    public const string PartHeader = "X-RepoSentry-Part";

    public async Task WriteAsync(Visit visit)
    {
        var context = visit.Context;
        var content = context.Request.Headers.ContainsKey(PartHeader) ? Body : Layout.Of(visit, this);
        await using var renderer = new HtmlRenderer(context.RequestServices, visit.Get<ILoggerFactory>());
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var root = await renderer.RenderComponentAsync<Markup>(ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(Markup.Content)] = content }));
            return Parts.Show.Visible(root.ToHtmlString());
        });
        context.Response.StatusCode = Status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.Vary = "Accept-Language, Cookie";
        await context.Response.WriteAsync(html, visit.Ends);
    }
}

/// <summary>The root of each page: a component that renders what it is given.</summary>
internal sealed class Markup : IComponent
{
    private RenderHandle handle;

    [Parameter]
    public RenderFragment? Content { get; set; }

    public void Attach(RenderHandle renderHandle) => handle = renderHandle;

    public Task SetParametersAsync(ParameterView parameters)
    {
        handle.Render(parameters.GetValueOrDefault<RenderFragment>(nameof(Content))!);
        return Task.CompletedTask;
    }
}
