#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many descriptors this process has open.
func openDescriptors() -> Int {
    (0..<getdtablesize()).prefix(65_536).count { fcntl($0, F_GETFD) >= 0 }
}
