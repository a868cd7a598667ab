using RepoSentry.Exam;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Twins;

// The checker and other parts run as processes of their own, started by the exam.
if (args is ["check", .. var files])
{
    return Checker.Run(files);
}

if (ExamOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(ExamOptions.Usage);
    return 2;
}

return options.Twins ? await TwinRun.RunAsync(options) : await ExamRun.RunAsync(options);
