// Every network uses all cores; tests that share them would only wait for each other.
[assembly: DoNotParallelize]
