date = { $day }.{ $month }.{ $year }
