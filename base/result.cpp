#include "base/result.hpp"

namespace helios {

const char* to_string(errc code) {
  switch (code) {
    case errc::io: return "io";
    case errc::disk_full: return "disk full";
    case errc::corrupt: return "corrupt";
    case errc::not_found: return "not found";
    case errc::invalid_argument: return "invalid argument";
    case errc::protocol: return "protocol";
    case errc::refused: return "refused";
    case errc::timeout: return "timeout";
    case errc::closed: return "closed";
    case errc::busy: return "busy";
  }
  return "unknown";
}

std::string to_string(const error& e) { return std::string(to_string(e.code)) + ": " + e.detail; }

}  // namespace helios
