/// One HTTP answer, after which the connection ends.
struct SmallAnswer: Sendable {
    let bytes: [UInt8]

    init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") {
        let phrase =
            switch status {
            case 200: "OK"
            case 400: "Bad Request"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            case 431: "Request Header Fields Too Large"
            default: "Service Unavailable"
            }
        let allow = status == 405 ? "Allow: GET\r\n" : ""
        bytes = Array(
            ("HTTP/1.1 \(status) \(phrase)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\(allow)Connection: close\r\n\r\n\(body)")
                .utf8)
    }
}
