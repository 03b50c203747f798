using Agents.ModelServer.Training;
using Agents.ModelServer.Training.Lessons;

return await LessonVerbs.RunAsync(args) ? 0 : await Commands.RunAsync(args, Console.Out);
