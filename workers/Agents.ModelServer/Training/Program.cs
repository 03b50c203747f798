using Agents.ModelServer.Training.Numerics;

Console.WriteLine(MatrixKernel.Best.GetType().Name);
