#if canImport(Glibc)
    import Glibc

    // glibc declares these three only under _GNU_SOURCE, which Swift's Glibc module does not define. Their
    // parameters are plain pointers and integers, for which Swift's and C's calling conventions agree.

    @_silgen_name("pipe2")
    func glibcPipe2(_ ends: UnsafeMutablePointer<Int32>, _ flags: Int32) -> Int32

    @_silgen_name("posix_spawn_file_actions_addclosefrom_np")
    func glibcAddCloseFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ lowest: Int32)
        -> Int32

    @_silgen_name("posix_spawn_file_actions_addchdir_np")
    func glibcAddChangeDirectory(
        _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ path: UnsafePointer<CChar>
    ) -> Int32
#endif
