# Reads a table of a result folder of mailsim with the type of each column: read_mailsim("output/outage", "messages").
# Written by mailsim itself: mailsim help --scripts DIR.
mailsim_types <- list(
@CLASSES@
)
read_mailsim <- function(folder, table = "messages") {
  file <- file.path(folder, paste0(table, ".csv"))
  if (!file.exists(file)) file <- paste0(file, ".gz")  # packed: run --compress
  columns <- names(read.csv(file, nrows = 1, check.names = FALSE))
  types <- mailsim_types[[table]]
  classes <- ifelse(columns %in% names(types), types[columns], NA)
  read.csv(file, colClasses = classes, na.strings = "", check.names = FALSE)
}
