# helios_sql_types: types, functions, the catalog and the system views. helios_sql (parse to execute) stands above it.
find_package(OpenSSL REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(date REQUIRED)
find_library(HELIOS_GMP gmp REQUIRED)
find_library(HELIOS_GMPXX gmpxx REQUIRED)
find_library(HELIOS_MPFR mpfr REQUIRED)
find_library(HELIOS_RE2 re2 REQUIRED)

file(GLOB HELIOS_SQL_TYPES_SOURCES CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/types/*.cpp ${CMAKE_CURRENT_LIST_DIR}/functions/*.cpp ${CMAKE_CURRENT_LIST_DIR}/catalog/*.cpp
  ${CMAKE_CURRENT_LIST_DIR}/views/*.cpp)

helios_library(helios_sql_types SOURCES ${HELIOS_SQL_TYPES_SOURCES} DEPS helios_base helios_storage)
target_link_libraries(helios_sql_types PRIVATE date::date-tz OpenSSL::Crypto ICU::uc ICU::i18n ${HELIOS_RE2} ${HELIOS_MPFR}
                      PUBLIC ${HELIOS_GMPXX} ${HELIOS_GMP})
