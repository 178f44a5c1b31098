// A user's one import brings the words that MusterKit's own interface is made of.
@_exported public import MusterRedis
@_exported public import MusterStamp
