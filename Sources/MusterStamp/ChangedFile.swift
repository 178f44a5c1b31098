import Foundation

/// One file that differs from the commit, as it stands on disk now.
struct ChangedFile {
    /// The text goes into the digest.
    enum Kind: String {
        case file, executable, link
        /// A submodule, or an untracked repository within this one.
        case repository
        case absent
    }

    /// Relative to the top of the repository, in the bytes that the file system has.
    let path: [UInt8]
    let fullPath: [UInt8]
    let kind: Kind

    /// When it was last modified, in seconds since 1970; zero where it is absent.
    let time: Int

    init(path: [UInt8], under top: [UInt8]) {
        self.path = path
        fullPath = top + [UInt8(ascii: "/")] + path
        var status = stat()
        guard lstat(Self.cString(fullPath), &status) == 0 else {
            (kind, time) = (.absent, 0)
            return
        }
        #if canImport(Darwin)
            time = status.st_mtimespec.tv_sec
        #else
            time = status.st_mtim.tv_sec
        #endif
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = status.st_mode & S_IXUSR == 0 ? .file : .executable
        case S_IFLNK: kind = .link
        // A directory without a repository stands where a tracked file was; what it holds is listed by itself.
        case S_IFDIR where access(Self.cString(fullPath + Array("/.git".utf8)), F_OK) == 0: kind = .repository
        default: kind = .absent
        }
    }

    /// Where a symbolic link points; empty where it cannot be read.
    var linkTarget: [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(Self.cString(fullPath), &buffer, buffer.count)
        return buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    }

    private static func cString(_ bytes: [UInt8]) -> [CChar] {
        bytes.map { CChar(bitPattern: $0) } + [0]
    }
}
