// Tests share no state: what is measured of the whole process says DoNotParallelize.
[assembly: Parallelize(Scope = ExecutionScope.MethodLevel)]
