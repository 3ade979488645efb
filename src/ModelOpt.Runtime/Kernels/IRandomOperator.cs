namespace ModelOpt.Runtime.Kernels;

/// <summary>An operator that draws other numbers in each run, so that it is not computed when a model is loaded.</summary>
internal interface IRandomOperator;
