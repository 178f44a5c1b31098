// `MusterBuild` is in no file of this package: the plugin writes it, from git, in every build.
print(MusterBuild.stamp)
